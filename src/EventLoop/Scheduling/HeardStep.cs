namespace EventLoop.Scheduling;

/// <summary>A step, as instruments see it.</summary>
/// <param name="Context">Where it began: of a task, of a plain callback, or null for a raw step.</param>
/// <param name="Began">Loop time; without <see cref="Hearing.Times"/> that of the last look at the clock.</param>
/// <param name="FirstPut">On the scale of <see cref="ReadyQueue.Put"/>: what it made ready stands in the ready queue from here on.</param>
/// <param name="IsInner">The eager first step of a task, in the middle of the step that made it.</param>
internal readonly record struct HeardStep(LoopContext? Context, long Began, long FirstPut, bool IsInner)
{
    /// <summary>The steps within it are in this.</summary>
    internal long Duration { get; init; }
}
