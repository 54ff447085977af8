namespace EventLoop.Scheduling;

/// <summary>An object that users hold for a resource which waits know by another object: both halves of a channel stand for the channel.</summary>
internal interface INamed
{
    /// <summary>The object that the waits have as their <see cref="IWaitTarget.Resource"/>.</summary>
    object Resource { get; }
}

/// <summary>Holds items, with or without a bound.</summary>
internal interface IBacklog
{
    /// <summary>How many items it holds. Any thread.</summary>
    int ItemCount { get; }

    bool IsUnbounded { get; }

    /// <summary>The loop that uses it; null: none yet.</summary>
    LoopCore? UsedBy { get; }
}
