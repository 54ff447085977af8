namespace EventLoop.Scheduling;

/// <summary>Anything that can stand in the ready queue, in the timer heap or in the inbox: the loop runs it by <see cref="Execute"/>.</summary>
/// <remarks>Loop thread only, but for <see cref="Next"/> while the item travels through the <see cref="Inbox"/>.</remarks>
internal abstract class LoopItem
{
    /// <summary>Whose step this is. Null: a raw step, run with no synchronization context at all.</summary>
    internal LoopContext? Context;

    /// <summary>The link of whichever single list holds the item now: a waiter queue, the inbox or a pool.</summary>
    internal LoopItem? Next;

    /// <summary>Position in the timer heap plus one; zero when it is in none.</summary>
    internal int TimerSlot;

    /// <summary>Whether, as a timer, it acts inside the look at the clock, not in a step of its own.</summary>
    internal virtual bool IsAlarm => false;

    /// <summary>Whether, standing in the ready queue, it says that code was woken; what begins, or acts on its task from outside, was not.</summary>
    internal virtual bool IsWakeUp => true;

    /// <summary>What of the user's it calls, for the name of a step that belongs to no task; debug mode asks, before the step.</summary>
    internal virtual Delegate? UserCode => null;

    /// <summary>One step. Never throws, except what must leave the loop.</summary>
    internal abstract void Execute();

    /// <summary>Its deadline has come; it is no longer in the heap.</summary>
    internal virtual void OnDue(LoopCore core) => core.Ready.Enqueue(this);

    /// <summary>It came through the inbox and is on the loop's thread now.</summary>
    internal virtual void OnArrived(LoopCore core) => core.Ready.Enqueue(this);

    /// <summary>It came to a loop that is closed, on whichever thread: run it elsewhere, or let go of it.</summary>
    internal virtual void OnRejected(LoopCore core) { }
}
