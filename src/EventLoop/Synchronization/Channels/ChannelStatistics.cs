namespace EventLoop;

/// <summary>A memory channel at this moment.</summary>
/// <param name="Count">Items in its buffer.</param>
/// <param name="Capacity">As it was made; 0 is a rendezvous.</param>
/// <param name="OpenSenders">Sending halves that are not disposed.</param>
/// <param name="OpenReceivers">Receiving halves that are not disposed.</param>
/// <param name="WaitingSenders">Tasks that wait for room, first come first.</param>
/// <param name="WaitingReceivers">Tasks that wait for an item, first come first.</param>
public readonly record struct ChannelStatistics(
    int Count, int Capacity, int OpenSenders, int OpenReceivers, IReadOnlyList<LoopTask> WaitingSenders, IReadOnlyList<LoopTask> WaitingReceivers);
