namespace EventLoop;

/// <summary>A queue at this moment.</summary>
/// <param name="Count">Items in it.</param>
/// <param name="Capacity">As it was made; 0 is unbounded.</param>
/// <param name="UnfinishedItems">Put, but not yet reported by <c>TaskDone</c>.</param>
/// <param name="Getters">Tasks that wait for an item, first come first.</param>
/// <param name="Putters">Tasks that wait for room, first come first.</param>
/// <param name="Joiners">Tasks that wait for every item to be done.</param>
public readonly record struct QueueStatistics(
    int Count, int Capacity, int UnfinishedItems, IReadOnlyList<LoopTask> Getters, IReadOnlyList<LoopTask> Putters, IReadOnlyList<LoopTask> Joiners);
