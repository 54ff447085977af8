using System.Runtime.CompilerServices;
using EventLoop.Reporting;

namespace EventLoop.Scheduling;

/// <summary>
/// One flow of code on the loop: what <c>await</c> captures, and where its waits are registered. Each task has its own object, for two
/// reasons: a continuation says by its context which task it belongs to, and .NET inlines a continuation only into the very same
/// context, so that one task's completion never runs another task's code inside it.
/// It never pumps, and runs nothing inline in <see cref="Post"/>.
/// </summary>
/// <remarks>Fields: loop thread only. <see cref="Post"/> and <see cref="Send"/>: any thread.</remarks>
internal class LoopContext : SynchronizationContext
{
    /// <summary>Whether a cancellation may be visible from here: check before the next wait. Set by whoever cancels, cleared by a check in vain.</summary>
    internal bool Attention;

    // The task's own flags, kept here because there is room for four where one is; only those of its outermost context are used.

    /// <summary>Whether there is a cancel request that no wait has thrown or passed on yet.</summary>
    internal bool MustCancel;

    private Traits traits;

    /// <summary>When something was last parked here, in the unit of <see cref="LoopCore.LookStamp"/>. Read on any thread.</summary>
    internal uint ParkedAt;

    // One byte: with it the small fields exactly fill what is left beside the base's flag.
    [Flags]
    private enum Traits : byte
    {
        None,
        InCancelRound = 1,
        IsInterruptionDue = 2,
        ReportsWaits = 4,
        IsDetached = 8,
    }

    /// <summary>Whether the task is in the current round of cancellations.</summary>
    internal bool InCancelRound
    {
        get => Has(Traits.InCancelRound);
        set => Set(Traits.InCancelRound, value);
    }

    /// <summary>Whether a decision about the task's foreign waits is in the ready queue.</summary>
    internal bool IsInterruptionDue
    {
        get => Has(Traits.IsInterruptionDue);
        set => Set(Traits.IsInterruptionDue, value);
    }

    /// <summary>Whether nobody has a handle on the task, so that its failure is reported when it ends.</summary>
    internal bool IsDetached
    {
        get => Has(Traits.IsDetached);
        set => Set(Traits.IsDetached, value);
    }

    /// <summary>Whether <see cref="OnWait"/> is called when a wait begins.</summary>
    private protected bool ReportsWaits
    {
        get => Has(Traits.ReportsWaits);
        set => Set(Traits.ReportsWaits, value);
    }

    private bool Has(Traits trait) => (traits & trait) != 0;

    private void Set(Traits trait, bool value) => traits = value ? traits | trait : traits & ~trait;

    internal readonly LoopCore Core;

    /// <summary>The task that steps in this context; null in plain callbacks.</summary>
    internal readonly IStepOwner? Owner;

    // A WaitNode, which may be stale and belong to others by now, or a set of nodes if several flows of one task wait at once.
    private object? parked;

    internal LoopContext(LoopCore core, IStepOwner? owner)
    {
        Core = core;
        Owner = owner;
        if (core.ObserveBlocking)
        {
            SetWaitNotificationRequired();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Register(WaitNode node)
    {
        if (!ReferenceEquals(parked, node))
        {
            RegisterAnother(node);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Unregister(WaitNode node)
    {
        if (parked is ParkedSet set)
        {
            set.Remove(node);
        }
    }

    private protected virtual void OnWait() { }

    /// <summary>Called when the code has ended whose end is the end of the owner.</summary>
    internal virtual void OnBodyEnded(WaitNode body) { }

    /// <summary>Called when a foreign wait has begun here, where <see cref="Attention"/> is set: other waits check before they begin.</summary>
    internal virtual void OnForeignWaitBegun() { }

    /// <summary>Called when a wait begins here, where <see cref="Attention"/> is set: the cancellation that it has to throw instead, or null.</summary>
    internal virtual LoopCanceledException? TakeCancellation() => null;

    private void RegisterAnother(WaitNode node)
    {
        if (ReportsWaits)
        {
            OnWait();
        }

        if (parked is ParkedSet set)
        {
            set.Add(node);
        }
        else if (parked is { } one && Unsafe.As<WaitNode>(one) is var other && WaitsHere(other))
        {
            var both = new ParkedSet(this);
            both.Add(other);
            both.Add(node);
            parked = both;
        }
        else
        {
            parked = node;
        }
    }

    internal bool WaitsHere(WaitNode node) => ReferenceEquals(node.Context, this) && node.State is WaitState.Parked or WaitState.Yielding;

    /// <summary>The nodes that wait in this context, in no particular order.</summary>
    internal void CollectWaits(List<WaitNode> waits)
    {
        switch (parked)
        {
            case WaitNode node when WaitsHere(node):
                waits.Add(node);
                break;
            case ParkedSet set:
                set.CollectWaits(waits);
                break;
        }
    }

    /// <summary>Whether something waits here, or was given up and has not thrown yet.</summary>
    internal bool Waits => parked switch
    {
        WaitNode node => WaitsHere(node) || IsCancelledHere(node),
        ParkedSet set => set.Any(),
        _ => false,
    };

    /// <summary>Forgets the waits: nothing waits here, and the next wait is reported.</summary>
    internal void ForgetWaits() => parked = null;

    /// <summary>Whether a wait in this context was given up and has not thrown yet: a further request meets it there.</summary>
    internal bool IsBeingCancelled => parked switch
    {
        WaitNode node => IsCancelledHere(node),
        ParkedSet set => set.AnyCancelled(),
        _ => false,
    };

    internal bool IsCancelledHere(WaitNode node) => ReferenceEquals(node.Context, this) && node.IsBeingCancelled;

    /// <summary>The node by which this context last waited: where its code stands, unless several flows share the context.</summary>
    internal WaitNode? LastWait => parked is WaitNode node && ReferenceEquals(node.Context, this) ? node : null;

    /// <summary>A node that waits for something in this context: the latest, as far as known. Null: none.</summary>
    internal WaitNode? NewestWait => parked switch
    {
        WaitNode node when ReferenceEquals(node.Context, this) && node.State == WaitState.Parked => node,
        ParkedSet set => set.Newest(),
        _ => null,
    };

    public override SynchronizationContext CreateCopy() => this;

    public override void Post(SendOrPostCallback d, object? state) => Core.PostContinuation(this, d, state);

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (Core.IsInLoopThread)
        {
            d(state);
            return;
        }

        using var done = new ManualResetEventSlim();
        Exception? failure = null;
        Core.PostContinuation(
            this,
            _ =>
            {
                try
                {
                    d(state);
                }
                catch (Exception e)
                {
                    failure = e;
                }

                done.Set();
            },
            null);
        done.Wait();
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    public override int Wait(IntPtr[] waitHandles, bool waitAll, int millisecondsTimeout)
    {
        if (millisecondsTimeout == 0)
        {
            return WaitHelper(waitHandles, waitAll, 0);
        }

        if (BlockingWait.IsMomentary(RuntimeTricks.MayReadFrames))
        {
            // A wait that takes longer than a moment is a blocking call nevertheless.
            const int TimedOut = 258;
            int patience = millisecondsTimeout < 0 ? Patience : Math.Min(millisecondsTimeout, Patience);
            int result = WaitHelper(waitHandles, waitAll, patience);
            if (result != TimedOut || patience == millisecondsTimeout)
            {
                return result;
            }

            millisecondsTimeout = millisecondsTimeout < 0 ? millisecondsTimeout : millisecondsTimeout - patience;
        }

        Core.OnBlockingWait();
        return WaitHelper(waitHandles, waitAll, millisecondsTimeout);
    }

    private const int Patience = 100;      // milliseconds
}
