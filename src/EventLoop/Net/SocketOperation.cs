using EventLoop.Coroutines;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>
/// One operation on a socket: begun when it is awaited, tried at once, and again at every sign of readiness, in the poll itself: what it got then is its
/// own, whatever cancellation comes later. Pooled by the loop. Loop thread only; before it is awaited, whoever made it.
/// </summary>
internal abstract class SocketOperation : SocketWaiter, ICoroutineSource, IWaitTarget
{
    private protected LoopSocket? Socket;

    /// <summary>Bytes moved so far.</summary>
    private protected long Moved;

    private WaitNode? waiter;
    private Exception? failure;
    private int version;       // even: made, not begun; odd: begun

    /// <summary>Which of the socket's two directions it takes.</summary>
    private protected abstract bool Reads { get; }

    private protected abstract string What { get; }

    internal int Version => version;

    /// <summary>One attempt: <see cref="SocketDevice.WouldBlock"/>, minus another error, or anything else when it is complete.</summary>
    private protected abstract int Attempt(LoopSocket socket);

    private protected abstract void Recycle(LoopCore core);

    /// <summary>What an error becomes; null when the attempt is to be made again.</summary>
    private protected virtual Exception Fail(int error) =>
        SocketErrors.Failed(What, Socket!.RemoteEndPoint ?? Socket.LocalEndPoint, SocketDevice.ToError(error));

    /// <inheritdoc/>
    public bool Start(long token)
    {
        if (version != token)
        {
            Throw.AwaitedTwice();
        }

        version++;
        var core = LoopCore.Required;
        var socket = Socket!;
        if (!ReferenceEquals(core, socket.Core))
        {
            Throw.OtherLoop("socket");
        }

        if (core.TryInterrupt(out bool completed))
        {
            return completed;
        }

        failure = socket.WhyNot(Reads, What);
        return (failure is not null || Try()) && core.SpendBudget();
    }

    /// <inheritdoc/>
    public void Park(LoopCore core, long token, WaitNode awaiting)
    {
        if (core.TryParkDeferred(awaiting))
        {
            return;
        }

        waiter = awaiting;
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
        if (version != token + 1)
        {
            Throw.AwaitedTwice();
        }

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
        version++;
        Socket = null;
        Moved = 0;
        waiter = null;
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
        var node = waiter!;
        waiter = null;
        node.Wake(Socket!.Core);
    }

    private bool Try()
    {
        try
        {
            int result = Attempt(Socket!);
            if (result == SocketDevice.WouldBlock)
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
            failure = refused;      // memory or a file of the caller's: his operation fails, whoever polls goes on
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
        waiter = null;
        if (!Reads && Moved > 0)
        {
            Socket.BreakSending(new IOException($"A send was cancelled after {Moved} bytes of it had gone; the stream cannot go on."));
        }

        return AbortResult.GivenUp;
    }

    string IWaitTarget.Describe(WaitNode node) => Socket is { } socket ? $"{What} {socket.Peer}" : What;

    internal sealed override void Execute() => throw new InvalidOperationException("A socket operation wakes its waiter and is never run itself.");
}

/// <inheritdoc/>
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
