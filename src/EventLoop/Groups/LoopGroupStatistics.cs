namespace EventLoop;

/// <summary>A look at a <see cref="LoopGroup"/>.</summary>
/// <param name="Loops">Of each loop; one that took the place of another counts from its own beginning.</param>
/// <param name="Connections">Open ones of each loop.</param>
/// <param name="Imbalance">The busiest loop's busy time by the mean of all, since the start; 1 is even, the number of loops is the worst.</param>
public sealed record LoopGroupStatistics(IReadOnlyList<LoopStatistics> Loops, IReadOnlyList<int> Connections, double Imbalance);
