namespace EventLoop.Scheduling;

/// <summary>
/// Observes what a loop does: debug mode, loops for tests, a recorder, observers. Attached by <see cref="Instruments.Add"/>, with the kinds of events that it
/// receives.
/// </summary>
/// <remarks>
/// On the loop's thread, in the middle of its work: it must be short and throw nothing. A task is identified by its context (<c>TaskContext</c>). For one
/// step, in this order: it begins; what its code does, as it happens (tasks made, cancelled and ended, inner steps); it ends; its code waits, if it does; whom
/// it made ready, in the order of the ready queue.
/// </remarks>
internal abstract class Instrument
{
    /// <summary>What it listens to; nothing while it is not attached. Another thread that detaches it clears this at once.</summary>
    internal volatile Hearing Hears;

    /// <summary><see cref="Hearing.Tasks"/>: a task was made; it is in the ready queue, or takes its first step next.</summary>
    /// <param name="task">The context of the new task.</param>
    /// <param name="creator">Where it was made; null: outside any step.</param>
    internal virtual void OnTaskMade(LoopContext task, LoopContext? creator) { }

    /// <summary><see cref="Hearing.Tasks"/>: a task has ended, within its last step; its outcome is set.</summary>
    internal virtual void OnTaskEnded(LoopContext task) { }

    /// <summary><see cref="Hearing.StepBegins"/>: a step begins.</summary>
    /// <param name="item">What is run; it may be pooled, so it must not be kept.</param>
    /// <param name="step">The step, without its duration.</param>
    internal virtual void OnStepBegin(LoopItem item, in HeardStep step) { }

    /// <summary><see cref="Hearing.StepEnds"/>: a step has ended.</summary>
    internal virtual void OnStepEnd(in HeardStep step) { }

    /// <summary>Whether, where nobody else listens to steps, it takes each outermost one whole: <see cref="OnStep"/> instead of <see cref="OnStepBegin"/>,
    /// <see cref="OnStepEnd"/> and what the step made ready. Of inner steps it is told piece by piece.</summary>
    internal virtual bool TakesStepsWhole => false;

    /// <summary>An outermost step has ended. It has to read the clock, if it hears <see cref="Hearing.Times"/>, and to see itself whom the step woke.</summary>
    /// <param name="item">What has run; it may belong to others by now.</param>
    /// <param name="context">The context where it began: that of a task, of a plain callback, or null for a raw step.</param>
    /// <param name="firstPut">On the scale of <see cref="ReadyQueue.Put"/>: what it made ready is in the ready queue from here on.</param>
    internal virtual void OnStep(LoopItem item, LoopContext? context, long firstPut) { }

    /// <summary><see cref="Hearing.Parks"/>: after the end of a step whose code waits now.</summary>
    /// <param name="context">The context of the waiting code: the task's own, or that of a scope in it.</param>
    /// <param name="node">The latest wait there.</param>
    internal virtual void OnParked(LoopContext context, WaitNode node) { }

    /// <summary><see cref="Hearing.Waits"/>: code of a task was made ready by a step, or between two. A task
    /// that was just made is ready without having been woken.</summary>
    /// <param name="woken">The context of the task.</param>
    /// <param name="by">The context of the step that did it; null: a timer, I/O, another thread. A yield wakes itself.</param>
    internal virtual void OnWoken(LoopContext woken, LoopContext? by) { }

    /// <summary><see cref="Hearing.Looks"/>: the loop has looked at the clock and the poller; called after everything that they made ready.</summary>
    /// <param name="now">Loop time.</param>
    internal virtual void OnLook(long now) { }

    /// <summary><see cref="Hearing.Looks"/>: the loop slept in the current look, or its virtual clock jumped.</summary>
    /// <param name="began">Loop time.</param>
    /// <param name="duration">In ticks.</param>
    internal virtual void OnIdle(long began, long duration) { }

    /// <summary><see cref="Hearing.Parking"/>: nothing is ready. True if it found something to do, like a virtual clock that jumps; then the instruments after
    /// it are not asked.</summary>
    /// <param name="nextDue">The next deadline in loop time, or <see cref="LoopClock.Never"/>.</param>
    internal virtual bool FindsWork(long nextDue) => false;

    /// <summary><see cref="Hearing.Parking"/>: nobody found anything to do.</summary>
    internal virtual void OnParking() { }

    /// <summary><see cref="Hearing.Runs"/>: a run of the loop begins. Not called if it is attached during a run.</summary>
    internal virtual void OnRunBegin() { }

    /// <summary><see cref="Hearing.Runs"/>: a run ends, possibly in the middle of a step, whose end is then not reported.</summary>
    internal virtual void OnRunEnd() { }

    /// <summary><see cref="Hearing.Cancellations"/>: a cancellation was requested; once for each task that it reaches.</summary>
    /// <param name="task">The task that it reaches.</param>
    /// <param name="how">The trail, as the rooms that cancel record it.</param>
    internal virtual void OnCanceled(LoopContext task, object how) { }
}
