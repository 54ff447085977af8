namespace EventLoop.Diagnostics;

/// <summary>Is notified of what a loop does. Override what you need.</summary>
/// <remarks>
/// <para><b>Thread:</b> the loop's, in the middle of its work: be short, do not throw, start nothing. An observer that throws is logged and detached.</para>
/// <para><b>Order:</b> several observers are called in the order in which they were attached. For one step: begin; what its code does, as it happens (created,
/// cancelled, ended; an eager first step of another task within it); end; parked, if it ended in a wait; then the wake-ups that it caused, in the order of the
/// ready queue. A task that is created is ready without having been woken; one that yields is woken by itself.</para>
/// <para><b>Cost:</b> none while there is no observer; with one, two readings of the clock for each step. Trio: <c>Instrument</c>.</para>
/// </remarks>
public abstract class LoopObserver
{
    /// <summary>A task was made.</summary>
    /// <param name="task">That task.</param>
    /// <param name="creator">The task in whose step it was created; null: none.</param>
    public virtual void OnTaskCreated(LoopTask task, LoopTask? creator) { }

    /// <summary>Called within its last step; its status and outcome are set.</summary>
    /// <param name="task">That task.</param>
    public virtual void OnTaskEnded(LoopTask task) { }

    /// <summary>Called when a step begins.</summary>
    /// <param name="task">Null: a plain callback.</param>
    public virtual void OnStepBegin(LoopTask? task) { }

    /// <summary>Called when a step has ended.</summary>
    /// <param name="task">Null: a plain callback.</param>
    /// <param name="duration">Including steps within it.</param>
    public virtual void OnStepEnd(LoopTask? task, TimeSpan duration) { }

    /// <summary>Called after a step that ended in a wait.</summary>
    /// <param name="task">The task that waits.</param>
    /// <param name="wait">The kind of what it waits for.</param>
    public virtual void OnParked(LoopTask task, WaitKind wait) { }

    /// <summary>Called after the step that made the task ready, or after the look at timers, I/O and posts that did.</summary>
    /// <param name="task">The task that is ready now.</param>
    /// <param name="by">The task in whose step it was made ready; null: a callback, a timer, I/O or another thread.</param>
    public virtual void OnWoken(LoopTask task, LoopTask? by) { }

    /// <summary>Called at the request, once for each task that it reaches: first the one that was cancelled, then those that it awaits.</summary>
    /// <param name="task">The task that is reached.</param>
    /// <param name="link">Who passed it on to the task.</param>
    public virtual void OnCancelled(LoopTask task, CancelLink link) { }

    /// <summary>Called when the loop was blocked in the poller.</summary>
    /// <param name="duration">For how long.</param>
    public virtual void OnIdle(TimeSpan duration) { }
}
