namespace EventLoop;

/// <summary>Who waits at a synchronization primitive at this moment. Trio: <c>statistics()</c>.</summary>
/// <param name="Waiting">How many wait.</param>
/// <param name="WaitingTasks">The tasks among them, first come first.</param>
/// <param name="Owner">The task that holds it, where there is one holder.</param>
public readonly record struct SynchronizationStatistics(int Waiting, IReadOnlyList<LoopTask> WaitingTasks, LoopTask? Owner = null);
