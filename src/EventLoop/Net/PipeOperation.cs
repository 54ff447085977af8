using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>One read from, or write to, a connection's pipe: begun when awaited, tried at once, and again whenever the transport may be ready. Pooled. Loop thread only.</summary>
internal abstract class PipeOperation : SocketWaiter, ICoroutineSource, IWaitTarget
{
    private protected Exception? Failure;
    private WaitNode? waiter;
    private int version;       // even: made, not begun; odd: begun

    internal int Version => version;

    private protected abstract Connection Owner { get; }

    /// <summary>One attempt. True when it is complete, or has failed.</summary>
    private protected abstract bool Try();

    /// <summary>Puts it where it will be told to try again; answers why that cannot be.</summary>
    private protected abstract Exception? Wait();

    private protected abstract void Leave();

    private protected abstract string What { get; }

    private protected abstract void Recycle(LoopCore core);

    /// <inheritdoc/>
    public bool Start(long token)
    {
        if (version != token)
        {
            Throw.AwaitedTwice();
        }

        version++;
        var core = LoopCore.Required;
        if (!ReferenceEquals(core, Owner.Core))
        {
            Throw.OtherLoop("connection");
        }

        if (core.TryInterrupt(out bool completed))
        {
            return completed;
        }

        return Try() && core.SpendBudget();
    }

    /// <inheritdoc/>
    public void Park(LoopCore core, long token, WaitNode awaiting)
    {
        if (core.TryParkDeferred(awaiting))
        {
            return;
        }

        if (Wait() is { } refused)
        {
            Failure = refused;
            awaiting.Defer(core, null);
            return;
        }

        waiter = awaiting;
        awaiting.Park(this);
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
        if (version != token + 1)
        {
            Throw.AwaitedTwice();
        }

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
        version++;
        waiter = null;
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

    private protected void Wake()
    {
        if (waiter is { } node)
        {
            waiter = null;
            node.Wake(Owner.Core);
        }
    }

    AbortResult IWaitTarget.Abort(WaitNode node, string? reason)
    {
        waiter = null;
        Leave();
        return AbortResult.GivenUp;
    }

    string IWaitTarget.Describe(WaitNode node) => $"{What} {Owner.Peer}";

    internal sealed override void Execute() => throw new InvalidOperationException("A pipe operation wakes its waiter and is never run itself.");
}
