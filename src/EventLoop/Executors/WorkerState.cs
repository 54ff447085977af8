namespace EventLoop;

/// <summary>The state of a worker process.</summary>
public enum WorkerState
{
    /// <summary>It does not accept work yet.</summary>
    Starting,

    /// <summary>It has nothing to do.</summary>
    Idle,

    /// <summary>It runs work.</summary>
    Busy,

    /// <summary>It runs work that nobody waits for any more.</summary>
    Canceling,

    /// <summary>It accepts no more work.</summary>
    Ending,
}
