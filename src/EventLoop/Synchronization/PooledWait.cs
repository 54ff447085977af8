using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Foreign;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization;

/// <summary>
/// One call of an operation that carries something of its own across the wait: an item, an index, a borrower. It is the source behind the coroutine and the
/// target of the wait, so that whoever hands something over finds it through the waiting node. Rented at the call and returned at the end of the await, by the
/// rule of <see cref="PooledUse"/>; one that is never awaited is left to the collector. The same steps as in <see cref="WaitSource"/>: each
/// <see cref="Start"/> checks for cancellation, tries to complete (a failure goes into <see cref="LoopCore.PendingThrow"/> and counts as complete), and spends
/// its budget. They are spelled out in each class, because a call that is not virtual saves as much as the work itself costs.
/// </summary>
/// <remarks>
/// A primitive may keep one for itself, for the usual case of one call at a time: that one is claimed without a look into the pool, and without the
/// thread-static (see <see cref="LoopCore.IsSurelyHere"/>). All others come from the loop's pool.
/// </remarks>
[StackTraceHidden]
internal abstract class PooledWait : LoopItem, ICoroutineSource, IWaitTarget
{
    private LoopCore? core;      // the loop that runs it; an item returns to the pool it came from, so this is rarely written
    private PooledUse use;

    /// <summary>The node that waits, or has waited.</summary>
    private protected WaitNode? Waiter => use.Waiter;

    internal long Token => use.Token;

    /// <summary>For the one that a primitive keeps: begins a call, if none is pending and the loop that it is kept for runs here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryClaim(out long token)
    {
        token = 0;
        return core is { IsSurelyHere: true } && use.TryMake(out token);
    }

    /// <summary>
    /// Used when that has failed: returns the primitive's own after all, the first time on this loop or deep in the stack; otherwise one from the pool; null:
    /// the caller makes a new one. The caller sets the owner, and begins.
    /// </summary>
    /// <param name="own">The one that the primitive keeps.</param>
    /// <param name="binding">That of the primitive: on a thread other than that of its loop the kept wait is not touched.</param>
    /// <param name="slot">That of the type in the pools.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]      // inlined into each caller, where neither the type nor the slot has to be looked up
    private protected static TWait? FindFree<TWait>(TWait own, in LoopBinding binding, int slot) where TWait : PooledWait
    {
        var running = LoopCore.Running;
        if (running is null)
        {
            return null;
        }

        if (!ReferenceEquals(running, binding.Home))
        {
            return null;
        }

        if (!own.use.IsFree)
        {
            return running.Pools.TryRent<TWait>(slot);
        }

        own.core = running;
        return own;
    }

    /// <summary>The same where the primitive keeps none.</summary>
    /// <param name="binding">That of the primitive. Only a wait that no other loop can start comes from the pool, because it is started there without a
    /// lock.</param>
    /// <param name="slot">That of the type in the pools.</param>
    private protected static TWait? TryRent<TWait>(in LoopBinding binding, int slot) where TWait : PooledWait =>
        LoopCore.Running is { } running && ReferenceEquals(running, binding.Home) ? running.Pools.TryRent<TWait>(slot) : null;

    /// <summary>Begins a call.</summary>
    internal void Begin() => use.Make();

    public abstract bool Start(long token);

    /// <summary>Begins every <see cref="Start"/>; true when a pending cancellation takes its place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected bool TryInterrupt(long token, out LoopCore core, out bool completed)
    {
        if (this.core is { IsSurelyHere: true } known)
        {
            core = known;
            use.Start(token);
        }
        else
        {
            core = StartElsewhere(token);
        }

        return core.TryInterrupt(out completed);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private LoopCore StartElsewhere(long token)
    {
        var here = LoopCore.Required;
        if (ReferenceEquals(core, here))
        {
            use.Start(token);
            return here;
        }

        use.VerifyNotStarted(token);
        Verify(here);      // before anything is changed: after an await on a wrong loop it is still good on the right one
        using (OtherLoopClaim.Begin())
        {
            use.Start(token);
            core = here;
        }

        return here;
    }

    /// <summary>Asks the primitive whether <paramref name="running"/> may use it; throws if not. Any thread: the call may end at this moment.</summary>
    private protected abstract void Verify(LoopCore running);

    /// <summary>Ends a <see cref="Start"/> that has to wait.</summary>
    /// <returns>False.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected bool MustWait(long token) => use.MustWait(token);

    public void Park(LoopCore core, long token, WaitNode awaiting)
    {
        if (use.TryWait(core, token, awaiting))
        {
            Enqueue(awaiting);
            awaiting.Park(this);
            OnParked();
        }
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
        use.End(token, this);
        return core!;
    }

    /// <summary>Ends the wait with an exception, if it is still waiting.</summary>
    internal void Interrupt(long token, Exception exception)
    {
        if (use.IsWaitedFor(token, this) && Abort(Waiter!, null) == AbortResult.GivenUp)
        {
            Waiter!.WakeWith(exception);
        }
    }

    /// <summary>Ends the wait because the half of a channel that it belongs to was closed.</summary>
    internal void TurnAway(string half)
    {
        if (Waiter is { State: WaitState.Parked } node && ReferenceEquals(node.Target, this) && Abort(node, null) == AbortResult.GivenUp)
        {
            node.WakeWith(new ObjectDisposedException(half, "This half of the channel was disposed while a task waited by it."));
        }
    }

    /// <summary>Puts the node where its wake-up will come from.</summary>
    protected abstract void Enqueue(WaitNode awaiting);

    /// <summary>Called when the node is parked, for what the wait gives up meanwhile.</summary>
    protected virtual void OnParked() { }

    /// <summary>Clears what it carries and returns it to the pool. What it has to throw after all goes into <see cref="LoopCore.PendingThrow"/>.</summary>
    protected abstract void Recycle(LoopCore core);

    public abstract AbortResult Abort(WaitNode node, string? reason);

    public virtual void Leave(WaitNode node) => Abort(node, null);

    public abstract string Describe(WaitNode node);

    public virtual void CollectBlockers(WaitNode node, List<IStepOwner> blockers) { }

    public virtual BlockersNeeded Needs => BlockersNeeded.All;

    public virtual WaitKind Kind => WaitKind.Other;

    public virtual object? Resource => null;

    public virtual string? Gist => null;

    internal sealed override void Execute() => throw new InvalidOperationException("An operation is waited for and is never run.");
}

/// <inheritdoc/>
[StackTraceHidden]
internal abstract class PooledWait<T> : PooledWait, ICoroutineSource<T>
{
    /// <summary>Set by whoever completes it.</summary>
    internal T? Result;

    /// <summary>Used by <see cref="PooledWait.Recycle"/>, so that nothing is kept alive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void ForgetResult()
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            Result = default;
        }
    }

    public T EndWithResult(long token)
    {
        var core = Finish(token);
        var result = Result;
        Recycle(core);
        LoopCore.ThrowIfInterrupted();
        return result!;
    }
}
