namespace EventLoop.Scheduling;

/// <summary>What it means that an item is in the ready queue.</summary>
internal enum WakeUp : byte
{
    /// <summary>Nothing was woken: it begins, or acts on its task from outside.</summary>
    None,

    /// <summary>Its code was woken by whoever put it there.</summary>
    ByOther,

    /// <summary>Its code has yielded.</summary>
    ByItself,
}
