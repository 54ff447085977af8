namespace EventLoop.Scheduling;

/// <summary>
/// Whoever wants to hear of what a loop does: debug mode, loops for tests, a recorder, observers. Attached by
/// <see cref="Instruments.Add"/>, which says which of the following it receives.
/// </summary>
/// <remarks>
/// On the loop's thread, in the middle of its work: it is short and throws nothing. A task is identified by its context (<c>TaskContext</c>).
/// Of one step, in this order: it begins; what its code does, as it happens (tasks made, cancelled and ended, inner steps); it ends; its code waits, if it
/// does; whom it made ready, in the order of the ready queue.
/// </remarks>
internal abstract class Instrument
{
    /// <summary>Nothing, while it is not attached. Another thread that detaches it clears this at once.</summary>
    internal volatile Hearing Hears;

    /// <summary><see cref="Hearing.Tasks"/>: stands in the ready queue, or takes its first step next.</summary>
    /// <param name="task">The new one's.</param>
    /// <param name="creator">Where it was made; null: outside every step.</param>
    internal virtual void OnTaskMade(LoopContext task, LoopContext? creator) { }

    /// <summary><see cref="Hearing.Tasks"/>: within its last step; its outcome is there.</summary>
    internal virtual void OnTaskEnded(LoopContext task) { }

    /// <summary><see cref="Hearing.StepBegins"/>.</summary>
    /// <param name="item">What is run; not to be kept, it may be pooled.</param>
    /// <param name="step">Without its duration.</param>
    internal virtual void OnStepBegin(LoopItem item, in HeardStep step) { }

    /// <summary><see cref="Hearing.StepEnds"/>.</summary>
    internal virtual void OnStepEnd(in HeardStep step) { }

    /// <summary><see cref="Hearing.Waits"/>: behind the end of a step whose code waits now.</summary>
    /// <param name="context">Of the code that waits: the task's own, or that of a scope in it.</param>
    /// <param name="node">The latest wait there.</param>
    internal virtual void OnParked(LoopContext context, WaitNode node) { }

    /// <summary><see cref="Hearing.Waits"/>: code of a task was made ready by a step, or between two. A task
    /// that was just made is ready without having been woken.</summary>
    /// <param name="woken">Of the task.</param>
    /// <param name="by">Whose step it was; null: a timer, I/O, another thread. A yield is by oneself.</param>
    internal virtual void OnWoken(LoopContext woken, LoopContext? by) { }

    /// <summary><see cref="Hearing.Looks"/>: the loop has looked at the clock and the poller, behind all that they made ready.</summary>
    /// <param name="now">Loop time.</param>
    internal virtual void OnLook(long now) { }

    /// <summary><see cref="Hearing.Looks"/>: it slept in the look that is under way, or its virtual clock jumped.</summary>
    /// <param name="began">Loop time.</param>
    /// <param name="duration">In ticks.</param>
    internal virtual void OnIdle(long began, long duration) { }

    /// <summary><see cref="Hearing.Parking"/>: nothing is ready. True when it found something to do, as a
    /// virtual clock that jumps; those behind it are not asked then.</summary>
    /// <param name="nextDue">The next deadline in loop time, or <see cref="LoopClock.Never"/>.</param>
    internal virtual bool FindsWork(long nextDue) => false;

    /// <summary><see cref="Hearing.Parking"/>: nobody found anything to do.</summary>
    internal virtual void OnParking() { }

    /// <summary><see cref="Hearing.Runs"/>: a run of the loop begins. One that is attached during a run is not notified of it.</summary>
    internal virtual void OnRunBegin() { }

    /// <summary><see cref="Hearing.Runs"/>: it ends, perhaps in the middle of a step, whose end is not reported then.</summary>
    internal virtual void OnRunEnd() { }

    /// <summary><see cref="Hearing.Cancellations"/>: at the request, once for each task that it reaches.</summary>
    /// <param name="task">The one that is asked.</param>
    /// <param name="how">What the rooms that cancel say of it.</param>
    internal virtual void OnCanceled(LoopContext task, object how) { }
}
