using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

internal enum WaitState : byte
{
    Idle,

    /// <summary>It waits for its target, and is not in the ready queue.</summary>
    Parked,

    /// <summary>It is in the ready queue, but nothing was handed over: a cancellation may still replace its outcome.</summary>
    Yielding,

    /// <summary>It is in the ready queue with its outcome, which is final.</summary>
    Woken,

    /// <summary>The same, woken by its own timer.</summary>
    Due,

    /// <summary>The same, and the outcome is that of what it has waited for, which its own cancellation has cancelled.</summary>
    Canceled,
}

/// <summary>
/// The only way to wait. A node is who waits (its context), for what (its target) and where to resume (<see cref="LoopItem.Execute"/>). A suspended coroutine
/// is its own node, so that waiting allocates nothing. Waking puts the node into the ready queue, once.
/// </summary>
[StackTraceHidden]
internal abstract class WaitNode : LoopItem
{
    /// <summary>The previous one in a <see cref="WaiterQueue"/>; null if in none.</summary>
    internal WaitNode? Previous;

    /// <summary>The next one in a <see cref="WaiterQueue"/>.</summary>
    internal WaitNode? Following => Unsafe.As<WaitNode?>(Next);

    // The target while parked; once woken the exception to throw at the await, if any. One field, because the two never exist together.
    private object? subject;

    /// <summary>For subclasses that are used more than once. Placed here because there is room beside the state and the timer's slot.</summary>
    private protected ushort Use;

    private protected byte Flags;

    internal WaitState State;

    internal IWaitTarget? Target => State == WaitState.Parked ? Unsafe.As<IWaitTarget>(subject) : null;

    /// <summary>The same for any thread: between the reads of state and subject the node may resume, and the subject be an exception.</summary>
    internal IWaitTarget? VisibleTarget => Volatile.Read(ref subject) is IWaitTarget target && State == WaitState.Parked ? target : null;

    /// <summary>Whether it was woken by a cancellation that it has not thrown yet: a further request meets it in the same wait.</summary>
    internal bool IsBeingCancelled => State == WaitState.Canceled || (State == WaitState.Woken && subject is LoopCanceledException);

    internal sealed override WakeUp WakesUp => State switch
    {
        WaitState.Idle => WakeUp.None,
        WaitState.Yielding => WakeUp.ByItself,
        _ => WakeUp.ByOther,
    };

    /// <summary>Registers the wait; the caller has put the node where its wake-up will come from.</summary>
    internal void Park(IWaitTarget target)
    {
        subject = target;
        State = WaitState.Parked;
        if (Context is { } context)
        {
            context.ParkedAt = context.Core.LookStamp;
            context.Register(this);
        }
    }

    /// <summary>Puts it at the end of the ready queue, interruptible until it runs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Yield(LoopCore core)
    {
        State = WaitState.Yielding;
        Context?.Register(this);
        core.Ready.Enqueue(this);
    }

    /// <summary>Ends the wait: what was waited for belongs to this node now. Does nothing to a node that no longer waits.</summary>
    internal virtual void Wake(LoopCore core)
    {
        if (State == WaitState.Parked)
        {
            subject = null;
            Settle(core);
        }
    }

    /// <summary>The same, on the waiter's loop: what several loops of one thread share need not know which one it serves.</summary>
    internal void Wake() => Wake(Context!.Core);

    /// <inheritdoc cref="WakeWith(LoopCore, Exception)"/>
    internal void WakeWith(Exception exception) => WakeWith(Context!.Core, exception);

    /// <summary>Ends the wait with an exception, which the await throws.</summary>
    internal void WakeWith(LoopCore core, Exception exception)
    {
        if (State == WaitState.Yielding)
        {
            subject = exception;       // it is in the ready queue already
            State = WaitState.Woken;
            return;
        }

        subject = exception;
        Settle(core);
    }

    /// <summary>Notes that its cancellation was passed on to what it waits for. If that has ended by it, a further cancellation meets this one here.</summary>
    internal void NotePassedOn()
    {
        if (State == WaitState.Woken && subject is null)
        {
            State = WaitState.Canceled;
            Context?.Register(this);
        }
    }

    /// <summary>Makes it ready at once, without having waited: the operation is complete, or failed, and only yields.</summary>
    internal void Defer(LoopCore core, Exception? exception)
    {
        subject = exception;
        Settle(core);
    }

    private void Settle(LoopCore core)
    {
        if (TimerSlot != 0)
        {
            core.Timers.Remove(this);
        }

        State = WaitState.Woken;
        if (subject is null)
        {
            Context?.Unregister(this);      // one that has to throw remains visible, so that a further cancellation meets it
        }

        core.Ready.Enqueue(this);
    }

    /// <summary>Ends the wait of a node that its caller runs itself.</summary>
    internal void Unpark()
    {
        subject = null;
        State = WaitState.Idle;
        Context?.Unregister(this);
    }

    internal override void OnDue(LoopCore core)
    {
        if (State == WaitState.Parked)
        {
            Wake(core);
            State = WaitState.Due;
        }
    }

    /// <summary>Called first in <see cref="LoopItem.Execute"/>: leaves for the awaiter's GetResult what it has to throw.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected void Deliver(LoopCore core)
    {
        core.ResumedBy = State;
        State = WaitState.Idle;
        if (subject is not null)
        {
            core.PendingThrow = Unsafe.As<Exception>(subject);
            subject = null;
        }
    }
}
