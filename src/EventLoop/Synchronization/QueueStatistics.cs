namespace EventLoop;

/// <summary>The state of a queue at one moment.</summary>
/// <param name="Count">How many items it holds.</param>
/// <param name="Capacity">How many it may hold; 0: unlimited.</param>
/// <param name="UnfinishedItems">How many items were put but not yet reported by <c>TaskDone</c>.</param>
/// <param name="Getters">Tasks that wait for an item, in order of arrival.</param>
/// <param name="Putters">Tasks that wait for room, in order of arrival.</param>
/// <param name="Joiners">Tasks that wait until every item is done.</param>
public readonly record struct QueueStatistics(
    int Count, int Capacity, int UnfinishedItems, IReadOnlyList<LoopTask> Getters, IReadOnlyList<LoopTask> Putters, IReadOnlyList<LoopTask> Joiners)
{
    /// <summary>The most items that have been in it at once. What is handed to a waiting getter is never in it.</summary>
    public int PeakCount { get; init; }

    /// <summary>The most tasks that have waited for an item at once.</summary>
    public int PeakGetters { get; init; }

    /// <summary>The most tasks that have waited for room at once.</summary>
    public int PeakPutters { get; init; }
}
