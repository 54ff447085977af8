namespace EventLoop.Scheduling;

/// <summary>A step, as instruments see it. It lives on the stack of whoever runs the step.</summary>
internal struct HeardStep
{
    /// <summary>The context where it began: that of a task, of a plain callback, or null for a raw step.</summary>
    internal LoopContext? Context;

    /// <summary>The loop time; without <see cref="Hearing.Times"/> that of the last look at the clock.</summary>
    internal long Began;

    /// <summary>On the scale of <see cref="ReadyQueue.Put"/>: what it made ready is in the ready queue from here on.</summary>
    internal long FirstPut;

    /// <summary>Known at its end: how long it took, including steps within it.</summary>
    internal long Duration;

    /// <summary>Whether it is the eager first step of a task, inside the step that made it.</summary>
    internal bool IsInner;
}
