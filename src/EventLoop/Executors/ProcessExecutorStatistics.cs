namespace EventLoop;

/// <summary>What a pool of worker processes does, and has done. Workers to Queued are of now, the rest sums since the beginning.</summary>
/// <param name="Workers">Processes, those that start included.</param>
/// <param name="Busy">That run work, or have been asked to give it up.</param>
/// <param name="Starting">That do not take work yet.</param>
/// <param name="Queued">Work that waits for a worker.</param>
/// <param name="Completed">Work that ended well.</param>
/// <param name="Failed">Work that threw.</param>
/// <param name="Canceled">Work whose waiter was cancelled.</param>
/// <param name="TimedOut">Work that took longer than <see cref="ProcessExecutorOptions.TaskTimeout"/>.</param>
/// <param name="Crashed">Work whose worker ended.</param>
/// <param name="WorkersStarted">Processes so far.</param>
/// <param name="WorkersRecycled">Replaced for their age, their memory, or by <see cref="ProcessExecutor.Recycle"/>.</param>
/// <param name="QueueTime">From Run to the beginning in a worker.</param>
/// <param name="WorkTime">From there to the end.</param>
public readonly record struct ProcessExecutorStatistics(
    int Workers,
    int Busy,
    int Starting,
    int Queued,
    long Completed,
    long Failed,
    long Canceled,
    long TimedOut,
    long Crashed,
    long WorkersStarted,
    long WorkersRecycled,
    TimeSpan QueueTime,
    TimeSpan WorkTime);
