namespace EventLoop.Tasks;

/// <summary>Counts of what one task has done. Written on the loop's thread, read on any: each number is right for some moment.</summary>
internal sealed class TaskCounts
{
    internal long Born;            // loop time, in ticks
    internal long Steps;
    internal long RunTicks;
    internal long ReadyTicks;
    internal long SelfWakes;
    internal int WokenBy;          // zero: not a task
    internal long WokenAt = -1;    // negative: it is not between a wake-up and its step
}
