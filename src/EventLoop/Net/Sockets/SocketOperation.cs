using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net.Sockets;

/// <summary>
/// One operation on a socket: begun when it is awaited, tried at once, and again at every report of readiness, inside the poll itself: what it has received
/// then is its own, whatever cancellation comes later. Pooled by the loop, by the rule of <see cref="PooledUse"/>. Loop thread only; before it is awaited, the
/// thread that made it.
/// </summary>
[StackTraceHidden]
internal abstract class SocketOperation : SocketWaiter, ICoroutineSource, IWaitTarget
{
    private protected LoopSocket? Socket;

    /// <summary>Bytes moved so far.</summary>
    private protected long Moved;

    private Exception? failure;
    private PooledUse use;

    /// <summary>Whether it uses the socket's receiving direction, and not the sending one.</summary>
    private protected abstract bool Reads { get; }

    private protected abstract string What { get; }

    internal long Version => use.Token;

    private protected void Make() => use.Make();

    /// <summary>Makes one attempt: <see cref="StreamDevice.WouldBlock"/>, minus another error, or anything else when it has completed.</summary>
    private protected abstract int Attempt(LoopSocket socket);

    private protected abstract void Recycle(LoopCore core);

    /// <summary>The exception for an error; null if the attempt has to be repeated.</summary>
    private protected virtual Exception Fail(int error) =>
        SocketErrors.Failed(What, Socket!.RemoteEndPoint ?? Socket.LocalEndPoint, SocketDevice.ToError(error));

    /// <inheritdoc/>
    public bool Start(long token)
    {
        // Its socket's loop only: nothing else may change it, so there can be no race for it.
        var core = LoopCore.Required;
        use.VerifyNotStarted(token);
        if (Socket is not { } socket || !ReferenceEquals(core, socket.Core))
        {
            Throw.OtherLoop("socket");
            return false;
        }

        use.Start(token);
        if (core.TryInterrupt(out bool completed))
        {
            return completed;
        }

        failure = socket.GetRefusal(Reads, What);
        return failure is not null || Try() ? core.SpendBudget() : use.MustWait(token);
    }

    /// <inheritdoc/>
    public void Park(LoopCore core, long token, WaitNode awaiting)
    {
        if (!use.TryWait(core, token, awaiting))
        {
            return;
        }

        if (Socket!.Wait(this, Reads) is { } refused)
        {
            failure = refused;
            awaiting.Defer(core, null);
            return;
        }

        awaiting.Park(this);
    }

    /// <inheritdoc/>
    public void End(long token)
    {
        if (Finish(token) is { } thrown)
        {
            Drop();
            throw thrown;
        }

        Drop();
    }

    private protected Exception? Finish(long token)
    {
        use.End(token, this);
        var core = Socket!.Core;
        if (core.PendingThrow is { } cancellation)
        {
            core.PendingThrow = null;
            return cancellation;
        }

        return failure;
    }

    private protected void Drop()
    {
        var core = Socket!.Core;
        Socket = null;
        Moved = 0;
        failure = null;
        Recycle(core);
    }

    internal sealed override bool TryAgain()
    {
        if (!Try())
        {
            return false;
        }

        Wake();
        return true;
    }

    internal sealed override void OnClosed(Exception reason)
    {
        failure = reason;
        Wake();
    }

    private void Wake()
    {
        if (use.Waiter is { } node && ReferenceEquals(node.Target, this))
        {
            node.Wake(Socket!.Core);
        }
    }

    private bool Try()
    {
        try
        {
            int result = Attempt(Socket!);
            if (result == StreamDevice.WouldBlock)
            {
                return false;
            }

            if (result >= 0)
            {
                return true;
            }

            failure = Fail(result);
        }
        catch (Exception refused)
        {
            failure = refused;      // the caller's memory or file: that operation fails, and the poll continues
        }

        if (!Reads && Moved > 0)
        {
            Socket!.BreakSending(new IOException($"A send failed after {Moved} bytes of it had gone; the stream cannot go on. {failure.Message}", failure));
        }

        return true;
    }

    AbortResult IWaitTarget.Abort(WaitNode node, string? reason)
    {
        Socket!.Leave(this, Reads);
        if (!Reads && Moved > 0)
        {
            Socket.BreakSending(new IOException($"A send was cancelled after {Moved} bytes of it had gone; the stream cannot go on."));
        }

        return AbortResult.GivenUp;
    }

    WaitKind IWaitTarget.Kind => WaitKind.Socket;

    object? IWaitTarget.Resource => Socket;

    string? IWaitTarget.Gist => What;

    string IWaitTarget.Describe(WaitNode node) => Socket is { } socket ? $"{ResourceNames.Label(What, socket)} {socket.Peer}" : What;

    internal sealed override void Execute() => throw new InvalidOperationException("A socket operation wakes its waiter and is never run itself.");
}

/// <inheritdoc/>
[StackTraceHidden]
internal abstract class SocketOperation<T> : SocketOperation, ICoroutineSource<T>
{
    private protected T? Result;

    /// <inheritdoc/>
    public T EndWithResult(long token)
    {
        var thrown = Finish(token);
        var result = Result;
        Result = default;
        Drop();
        return thrown is null ? result! : throw thrown;
    }
}
