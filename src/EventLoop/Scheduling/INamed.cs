namespace EventLoop.Scheduling;

/// <summary>What a user holds of a resource that waits know by another object: both halves of a channel stand for the channel.</summary>
internal interface INamed
{
    /// <summary>What the waits have as their <see cref="IWaitTarget.Resource"/>.</summary>
    object Resource { get; }
}

/// <summary>Holds items, with or without a bound.</summary>
internal interface IBacklog
{
    /// <summary>Any thread may look.</summary>
    int ItemCount { get; }

    bool IsUnbounded { get; }

    /// <summary>The loop that uses it; null: none yet.</summary>
    LoopCore? UsedBy { get; }
}
