namespace EventLoop;

/// <summary>The waiters of a synchronization primitive at one moment. Trio: <c>statistics()</c>.</summary>
/// <param name="Waiting">How many wait.</param>
/// <param name="WaitingTasks">The tasks among them, in order of arrival.</param>
/// <param name="Owner">The task that holds the primitive, where there is a single holder.</param>
public readonly record struct SynchronizationStatistics(int Waiting, IReadOnlyList<LoopTask> WaitingTasks, LoopTask? Owner = null);
