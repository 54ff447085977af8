using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Net.Sockets;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>One read from, or write to, the pipe of a stream: begun when awaited, tried at once, and again whenever the transport may be ready. Pooled, by the
/// rule of <see cref="PooledUse"/>. Loop thread only.</summary>
[StackTraceHidden]
internal abstract class PipeOperation : SocketWaiter, ICoroutineSource, IWaitTarget
{
    private protected Exception? Failure;
    private PooledUse use;

    internal long Version => use.Token;

    private protected void Make() => use.Make();

    private protected abstract StreamOwner Owner { get; }

    /// <summary>Makes one attempt. True when it has completed or failed.</summary>
    private protected abstract bool Try();

    /// <summary>Puts it where it will be notified to try again; returns why that is impossible, or null.</summary>
    private protected abstract Exception? Wait(WaitNode awaiting);

    /// <summary>Undoes <see cref="Wait"/>.</summary>
    private protected abstract void Leave(WaitNode awaiting);

    private protected abstract string What { get; }

    private protected abstract void Recycle(LoopCore core);

    /// <summary>Its owner, for callers that may be on another thread, where it may end at this moment.</summary>
    private protected abstract StreamOwner? OwnerIfAny { get; }

    /// <inheritdoc/>
    public bool Start(long token)
    {
        // Its connection's loop only: nothing else may change it, so there can be no race for it.
        var core = LoopCore.Required;
        use.VerifyNotStarted(token);
        if (OwnerIfAny is not { } owner || !ReferenceEquals(core, owner.Core))
        {
            Throw.OtherLoop(OwnerIfAny?.Kind ?? "connection");
        }

        use.Start(token);
        if (core.TryInterrupt(out bool completed))
        {
            return completed;
        }

        return Try() ? core.SpendBudget() : use.MustWait(token);
    }

    /// <inheritdoc/>
    public void Park(LoopCore core, long token, WaitNode awaiting)
    {
        if (!use.TryWait(core, token, awaiting))
        {
            return;
        }

        awaiting.Park(this);
        if (Wait(awaiting) is { } refused)
        {
            Failure = refused;
            Wake();
        }
    }

    /// <inheritdoc/>
    public void End(long token)
    {
        var thrown = Finish(token);
        Drop();
        if (thrown is not null)
        {
            throw thrown;
        }
    }

    private protected Exception? Finish(long token)
    {
        use.End(token, this);
        var core = Owner.Core;
        if (core.PendingThrow is { } cancellation)
        {
            core.PendingThrow = null;
            return cancellation;
        }

        return Failure;
    }

    private protected void Drop()
    {
        var core = Owner.Core;
        Failure = null;
        Recycle(core);
    }

    internal override bool TryAgain()
    {
        if (!Try())
        {
            return false;
        }

        Wake();
        return true;
    }

    internal override void OnClosed(Exception reason)
    {
        Failure = reason;
        Wake();
    }

    /// <summary>Whether it waits and has not been woken.</summary>
    internal bool IsParked => use.Waiter is { } node && ReferenceEquals(node.Target, this);

    /// <summary>Completes it because the pipe's user has cancelled it.</summary>
    private protected void GiveUpWait()
    {
        if (use.Waiter is { } node && ReferenceEquals(node.Target, this))
        {
            Leave(node);
            Wake();
        }
    }

    private protected void Wake()
    {
        if (use.Waiter is { } node && ReferenceEquals(node.Target, this))
        {
            node.Wake(Owner.Core);
        }
    }

    AbortResult IWaitTarget.Abort(WaitNode node, string? reason)
    {
        Leave(node);
        return AbortResult.GivenUp;
    }

    WaitKind IWaitTarget.Kind => OwnerIfAny?.WaitedForAs ?? WaitKind.Socket;

    object? IWaitTarget.Resource => OwnerIfAny;

    string? IWaitTarget.Gist => What;

    string IWaitTarget.Describe(WaitNode node) => OwnerIfAny is { } owner ? $"{ResourceNames.Label(What, owner)} {owner.Peer}" : What;

    internal sealed override void Execute() => throw new InvalidOperationException("A pipe operation wakes its waiter and is never run itself.");
}
