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

    private protected abstract StreamEnd Owner { get; }

    /// <summary>One attempt. True when it is complete, or has failed.</summary>
    private protected abstract bool Try();

    /// <summary>Puts it where it will be told to try again; answers why that cannot be.</summary>
    private protected abstract Exception? Wait(WaitNode awaiting);

    /// <summary>The opposite.</summary>
    private protected abstract void Leave(WaitNode awaiting);

    private protected abstract string What { get; }

    private protected abstract void Recycle(LoopCore core);

    /// <summary>Whose it is, for whoever is perhaps on another thread, where it may be over at this moment.</summary>
    private protected abstract StreamEnd? OwnerIfAny { get; }

    /// <inheritdoc/>
    public bool Start(long token)
    {
        // Its connection's loop only: nothing else may change it, and so nobody can race for it.
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

    /// <summary>What was called off by the pipe's user is complete.</summary>
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
