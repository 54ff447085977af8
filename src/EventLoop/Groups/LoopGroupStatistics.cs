namespace EventLoop;

/// <summary>Figures of a <see cref="LoopGroup"/> at one moment.</summary>
/// <param name="Loops">Those of each loop; a loop that replaced another counts from its own beginning.</param>
/// <param name="Connections">The open connections of each loop.</param>
/// <param name="Imbalance">The busiest loop's busy time divided by the mean of all, since the start; 1 is even, the number of loops is the worst.</param>
public sealed record LoopGroupStatistics(IReadOnlyList<LoopStatistics> Loops, IReadOnlyList<int> Connections, double Imbalance);
