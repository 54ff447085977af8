namespace EventLoop.Scheduling;

/// <summary>A step, as instruments see it.</summary>
/// <param name="Context">The context where it began: that of a task, of a plain callback, or null for a raw step.</param>
/// <param name="Began">The loop time; without <see cref="Hearing.Times"/> that of the last look at the clock.</param>
/// <param name="FirstPut">On the scale of <see cref="ReadyQueue.Put"/>: what it made ready is in the ready queue from here on.</param>
/// <param name="IsInner">Whether it is the eager first step of a task, inside the step that made it.</param>
internal readonly record struct HeardStep(LoopContext? Context, long Began, long FirstPut, bool IsInner)
{
    /// <summary>How long it took, including steps within it.</summary>
    internal long Duration { get; init; }
}
