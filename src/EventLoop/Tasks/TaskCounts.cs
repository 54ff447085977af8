namespace EventLoop.Tasks;

/// <summary>What one task has done. Written on the loop's thread, read by any: each number is one of a moment.</summary>
internal sealed class TaskCounts
{
    internal long Born;            // loop time, in ticks
    internal long Steps;
    internal long RunTicks;
    internal long ReadyTicks;
    internal long SelfWakes;
    internal int WokenBy;          // zero: no task
    internal long WokenAt = -1;    // negative: it is not between a wake-up and its step
}
