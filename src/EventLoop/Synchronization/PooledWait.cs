using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization;

/// <summary>
/// One call of an operation that carries something of its own across the wait: an item, an index, a borrower. It is the source behind the coroutine
/// and the target of the wait, so that whoever hands something over finds it by the waiting node. Rented at the call, given back at
/// the end of the await; one that is never awaited is the collector's. The same steps as in <see cref="WaitSource"/>: each <see cref="Start"/> asks for
/// a cancellation, tries to complete (a failure goes into <see cref="LoopCore.PendingThrow"/> and counts as complete), and spends its budget.
/// They are spelled out in each class, because a call that is not virtual saves as much as the work itself costs.
/// </summary>
internal abstract class PooledWait : LoopItem, ICoroutineSource, IWaitTarget
{
    private LoopCore? core;      // that runs it; an item goes back to the pool it came from, so the store is rare
    private int version;         // even: made, odd: started

    /// <summary>Who waits, while somebody does.</summary>
    private protected WaitNode? Waiter { get; private set; }

    internal long Token => version;

    public abstract bool Start(long token);

    /// <summary>The beginning of every <see cref="Start"/>: true when a cancellation is due instead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected bool TryInterrupt(long token, out LoopCore core, out bool completed)
    {
        if (version != token)
        {
            Throw.AwaitedTwice();
        }

        core = LoopCore.Required;
        if (!ReferenceEquals(this.core, core))
        {
            this.core = core;
        }

        version++;
        return core.TryInterrupt(out completed);
    }

    public void Park(LoopCore core, long token, WaitNode awaiting)
    {
        if (core.TryParkDeferred(awaiting))
        {
            return;
        }

        Waiter = awaiting;
        Enqueue(awaiting);
        awaiting.Park(this);
        OnParked();
    }

    public void End(long token)
    {
        var core = Finish(token);
        Recycle(core);
        LoopCore.ThrowIfInterrupted();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected LoopCore Finish(long token)
    {
        if (version != token + 1)
        {
            Throw.AwaitedTwice();
        }

        version++;
        if (Waiter is not null)
        {
            Waiter = null;
        }

        return core!;
    }

    /// <summary>Ends the wait with an exception, if it still waits.</summary>
    internal void Interrupt(long token, Exception exception)
    {
        if (version == token + 1 && Waiter is { State: WaitState.Parked } node && ReferenceEquals(node.Target, this)
            && Abort(node, null) == AbortResult.GivenUp)
        {
            node.WakeWith(exception);
        }
    }

    /// <summary>Puts the node where its wake-up will come from.</summary>
    protected abstract void Enqueue(WaitNode awaiting);

    /// <summary>The node is parked: what the wait gives up for its duration.</summary>
    protected virtual void OnParked() { }

    /// <summary>Forgets what it carries and goes back to the pool. What it has to throw after all goes into <see cref="LoopCore.PendingThrow"/>.</summary>
    protected abstract void Recycle(LoopCore core);

    public abstract AbortResult Abort(WaitNode node, string? reason);

    public abstract string Describe(WaitNode node);

    internal sealed override void Execute() => throw new InvalidOperationException("An operation is waited for and is never run.");
}

/// <inheritdoc/>
internal abstract class PooledWait<T> : PooledWait, ICoroutineSource<T>
{
    /// <summary>Set by whoever completes it.</summary>
    internal T? Result;

    public T EndWithResult(long token)
    {
        var core = Finish(token);
        var result = Result;
        Recycle(core);
        LoopCore.ThrowIfInterrupted();
        return result!;
    }
}
