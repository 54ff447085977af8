namespace EventLoop.Orleans;

/// <summary>Where on a silo work runs.</summary>
internal enum WorkPlace
{
    /// <summary>On its threads, of which there are few.</summary>
    Threads,

    /// <summary>On its loop, as many pieces at a time as there are.</summary>
    Loop,
}
