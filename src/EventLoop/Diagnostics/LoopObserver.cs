namespace EventLoop.Diagnostics;

/// <summary>Told of what a loop does. Override what you need.</summary>
/// <remarks>
/// <para><b>Thread:</b> the loop's, in the middle of its work: be short, do not throw, start nothing. What throws is logged and taken off.</para>
/// <para><b>Order:</b> several observers in the order in which they came. Of one step: begin; what its code does, as it happens (created, cancelled, ended; an
/// eager first step of another task within it); end; parked, if it ended in a wait; then the wake-ups that it caused, in the order of the ready queue. A task
/// that is created is ready without having been woken; one that yields is woken by itself.</para>
/// <para><b>Cost:</b> none while there is no observer; with one, two readings of the clock each step. Trio: <c>Instrument</c>.</para>
/// </remarks>
public abstract class LoopObserver
{
    /// <summary>A task was made.</summary>
    /// <param name="task">It.</param>
    /// <param name="creator">In whose step; null: in none.</param>
    public virtual void OnTaskCreated(LoopTask task, LoopTask? creator) { }

    /// <summary>Within its last step; its status and outcome are there.</summary>
    /// <param name="task">It.</param>
    public virtual void OnTaskEnded(LoopTask task) { }

    /// <summary>A step begins.</summary>
    /// <param name="task">Null: a plain callback.</param>
    public virtual void OnStepBegin(LoopTask? task) { }

    /// <summary>It has ended.</summary>
    /// <param name="task">Null: a plain callback.</param>
    /// <param name="duration">Steps within it included.</param>
    public virtual void OnStepEnd(LoopTask? task, TimeSpan duration) { }

    /// <summary>After the step that ended in a wait.</summary>
    /// <param name="task">Whose.</param>
    /// <param name="wait">What it waits for.</param>
    public virtual void OnParked(LoopTask task, WaitKind wait) { }

    /// <summary>After the step that made it ready, or after the look at timers, I/O and posts that did.</summary>
    /// <param name="task">The one that is ready now.</param>
    /// <param name="by">The task in whose step it was made ready; null: a callback, a timer, I/O or another thread.</param>
    public virtual void OnWoken(LoopTask task, LoopTask? by) { }

    /// <summary>At the request, once for each task that it reaches: first the one that was asked, then those that it awaits.</summary>
    /// <param name="task">The one that is reached.</param>
    /// <param name="link">Who passed it on to the task.</param>
    public virtual void OnCancelled(LoopTask task, CancelLink link) { }

    /// <summary>The loop has slept.</summary>
    /// <param name="duration">For so long.</param>
    public virtual void OnIdle(TimeSpan duration) { }
}
