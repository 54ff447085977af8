namespace EventLoop;

/// <summary>The state of a memory channel at one moment.</summary>
/// <param name="Count">How many items its buffer holds.</param>
/// <param name="Capacity">How many it may hold; 0: a rendezvous.</param>
/// <param name="OpenSenders">How many sending halves are not disposed.</param>
/// <param name="OpenReceivers">How many receiving halves are not disposed.</param>
/// <param name="WaitingSenders">Tasks that wait for room, in order of arrival.</param>
/// <param name="WaitingReceivers">Tasks that wait for an item, in order of arrival.</param>
public readonly record struct ChannelStatistics(
    int Count, int Capacity, int OpenSenders, int OpenReceivers, IReadOnlyList<LoopTask> WaitingSenders, IReadOnlyList<LoopTask> WaitingReceivers)
{
    /// <summary>The most items that have been in its buffer at once.</summary>
    public int PeakCount { get; init; }

    /// <summary>The most tasks that have waited for room at once.</summary>
    public int PeakSenders { get; init; }

    /// <summary>The most tasks that have waited for an item at once.</summary>
    public int PeakReceivers { get; init; }
}
