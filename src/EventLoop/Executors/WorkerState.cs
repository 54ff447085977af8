namespace EventLoop;

/// <summary>What a worker process does.</summary>
public enum WorkerState
{
    /// <summary>It does not take work yet.</summary>
    Starting,

    /// <summary>It has nothing to do.</summary>
    Idle,

    /// <summary>It runs work.</summary>
    Busy,

    /// <summary>It runs work that nobody waits for any more.</summary>
    Canceling,

    /// <summary>It takes no more work.</summary>
    Ending,
}
