namespace EventLoop.Orleans;

/// <summary>Figures of a <see cref="ClusterExecutor"/>. InFlight and Waiting are current values, the others are sums since the beginning.</summary>
/// <param name="InFlight">Work that waits for a silo to have room, is on its way, running, or on its way back.</param>
/// <param name="Waiting">Work that waits for room (<see cref="ClusterExecutorOptions.MaxInFlight"/>).</param>
/// <param name="Completed">Work that ended with a result.</param>
/// <param name="Failed">Work that threw.</param>
/// <param name="Canceled">Work that its waiter cancelled.</param>
/// <param name="TimedOut">Work that exceeded <see cref="ClusterExecutorOptions.TaskTimeout"/>.</param>
/// <param name="Lost">Attempts whose silo was lost.</param>
/// <param name="Retried">Attempts after such a loss.</param>
/// <param name="Refused">Work refused because the silo does not have the function.</param>
/// <param name="QueueTime">The time on silos from arrival to beginning.</param>
/// <param name="WorkTime">The time on silos from beginning to end.</param>
public readonly record struct ClusterExecutorStatistics(
    int InFlight, int Waiting, long Completed, long Failed, long Canceled, long TimedOut, long Lost, long Retried, long Refused, TimeSpan QueueTime,
        TimeSpan WorkTime);
