namespace EventLoop;

/// <summary>What a pool of worker processes is doing, and has done. Workers to Queued are current values, the others are sums since the beginning.</summary>
/// <param name="Workers">Processes, including those that are starting.</param>
/// <param name="Busy">Processes that run work, or have been asked to give it up.</param>
/// <param name="Starting">Processes that do not accept work yet.</param>
/// <param name="Queued">Work that waits for a worker.</param>
/// <param name="Completed">Work that succeeded.</param>
/// <param name="Failed">Work that threw.</param>
/// <param name="Canceled">Work whose waiter was cancelled.</param>
/// <param name="TimedOut">Work that took longer than <see cref="ProcessExecutorOptions.TaskTimeout"/>.</param>
/// <param name="Crashed">Work whose worker ended.</param>
/// <param name="WorkersStarted">Processes started so far.</param>
/// <param name="WorkersRecycled">Processes replaced for their age, their memory, or by <see cref="ProcessExecutor.Recycle"/>.</param>
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
