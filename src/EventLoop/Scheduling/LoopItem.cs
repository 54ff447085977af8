namespace EventLoop.Scheduling;

/// <summary>Anything that can be in the ready queue, in the timer queue or in the inbox: the loop runs it by <see cref="Execute"/>.</summary>
/// <remarks>Loop thread only, except <see cref="Next"/> while the item travels through the <see cref="Inbox"/>.</remarks>
internal abstract class LoopItem
{
    /// <summary>The context of the step. Null: a raw step, run without any synchronization context.</summary>
    internal LoopContext? Context;

    /// <summary>The link of the single list that holds the item: a waiter queue, the inbox or a pool.</summary>
    internal LoopItem? Next;

    /// <summary>Where it is among the timers: in the heap its position plus one, in a run its position and the run's number, as a negative number; zero: in
    /// neither.</summary>
    internal int TimerSlot;

    /// <summary>Whether, as a timer, it acts while the clock is looked at, not in a step of its own.</summary>
    internal virtual bool IsAlarm => false;

    /// <summary>Who was woken, if it is in the ready queue.</summary>
    internal virtual WakeUp WakesUp => WakeUp.ByOther;

    /// <summary>The user's delegate that it calls, to name a step that belongs to no task; used in debug mode, before the step.</summary>
    internal virtual Delegate? UserCode => null;

    /// <summary>Runs one step. Never throws, except what must leave the loop.</summary>
    internal abstract void Execute();

    /// <summary>Called when its deadline has come; it is no longer among the timers.</summary>
    internal virtual void OnDue(LoopCore core) => core.Ready.Enqueue(this);

    /// <summary>Called on the loop's thread when it has arrived through the inbox.</summary>
    internal virtual void OnArrived(LoopCore core) => core.Ready.Enqueue(this);

    /// <summary>Called on any thread when it came to a closed loop: runs elsewhere, or is dropped.</summary>
    internal virtual void OnRejected(LoopCore core) { }
}
