namespace EventLoop.Orleans;

/// <summary>A look at a <see cref="ClusterExecutor"/>. InFlight and Waiting are of now, the rest sums since the beginning.</summary>
/// <param name="InFlight">On its way, running, or on its way back.</param>
/// <param name="Waiting">Waits for room (<see cref="ClusterExecutorOptions.MaxInFlight"/>).</param>
/// <param name="Completed">Ended with a result.</param>
/// <param name="Failed">The work threw.</param>
/// <param name="Canceled">By its waiter.</param>
/// <param name="TimedOut">Over <see cref="ClusterExecutorOptions.TaskTimeout"/>.</param>
/// <param name="Lost">Attempts whose silo was lost.</param>
/// <param name="Retried">Attempts after such a loss.</param>
/// <param name="Refused">For functions that the silo does not have.</param>
/// <param name="QueueTime">On silos, from the arrival to the beginning.</param>
/// <param name="WorkTime">On silos, from there to the end.</param>
public readonly record struct ClusterExecutorStatistics(
    int InFlight, int Waiting, long Completed, long Failed, long Canceled, long TimedOut, long Lost, long Retried, long Refused, TimeSpan QueueTime,
        TimeSpan WorkTime);
