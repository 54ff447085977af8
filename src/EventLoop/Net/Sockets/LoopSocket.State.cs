using System.Net;
using System.Net.Sockets;
using EventLoop.Native;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Reporting;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Net;

// Attempts on the device, and closing. Loop thread only.
public sealed partial class LoopSocket
{
    private readonly SocketDevice device;
    private readonly DeviceReadiness ready;
    private IOException? sendingBroken;
    private EndPoint? localEndPoint;
    private EndPoint? remoteEndPoint;
    private bool namesAreKnown;       // to the device, so that asking it, on any thread, involves no system call

    internal LoopSocket(LoopCore core, SocketDevice device)
    {
        Core = core;
        this.device = device;
        ready = new DeviceReadiness(core, device, core.Loop.Debug ? Origin.Capture() : null, core.Io);
    }

    /// <summary>Nobody uses it any more, and nothing of it is pending: the loop closes it.</summary>
    ~LoopSocket()
    {
        if (ready is { IsClosed: false } left)      // null: no socket could be opened
        {
            // A closed loop has closed it already, or never knew of it; then the device's own finalizer does.
            Core.TryPost(CallbackItem<(DeviceReadiness Ready, Loop Loop, EndPoint? Known)>.Create(static forgotten =>
                forgotten.Ready.CloseForgotten(forgotten.Loop, forgotten.Known), (left, Core.Loop, remoteEndPoint ?? localEndPoint), Core.BaseContext));
        }
    }

    internal LoopCore Core { get; }

    internal SocketDevice Device => device;

    /// <summary>Whether a receive is waiting.</summary>
    internal bool IsReceiving => ready.Reader is not null;

    /// <summary>Whether the poller has reported that the peer has ended its side, or that the connection is broken, and nothing has disproved it
    /// since.</summary>
    internal bool MayBeHungUp => (ready.State & SocketState.HangUp) != 0;

    /// <inheritdoc cref="StreamDevice.ReportsHangUps"/>
    internal bool ReportsHangUps => device.ReportsHangUps;

    /// <summary>The peer's address, for descriptions.</summary>
    internal string Peer => (RemoteEndPoint ?? LocalEndPoint) is { } known ? SocketErrors.Text(known) : SocketErrors.NoAddress;

    private bool MayAsk => namesAreKnown || Core.IsInLoopThread;

    /// <summary>Why an operation cannot begin; null if it can.</summary>
    internal Exception? GetRefusal(bool reads, string what)
    {
        if (ready.IsClosed)
        {
            return Closed();
        }

        if ((reads ? ready.Reader : ready.Writer) is not null)
        {
            return new InvalidOperationException(
                $"Another operation waits on this socket already, so this cannot begin: {what} {Peer}. Await the first one; a socket has one operation for "
                    + "each direction at a time.");
        }

        return reads || sendingBroken is null ? null : new IOException(sendingBroken.Message, sendingBroken);
    }

    /// <summary>Has the waiter notified when its direction becomes ready. Returns why that is impossible, or null.</summary>
    internal Exception? Wait(SocketWaiter waiter, bool reads)
    {
        if (GetRefusal(reads, "wait for") is { } refused)
        {
            return refused;
        }

        try
        {
            ready.Wait(waiter, reads);
            return null;
        }
        catch (IOException failure)
        {
            return failure;
        }
        catch (SocketException failure)
        {
            return SocketErrors.Failed("wait for", RemoteEndPoint ?? LocalEndPoint, failure.SocketErrorCode);
        }
    }

    /// <summary>Has the waiter notified of what becomes readable from now on, not of what is known already. False: impossible here.</summary>
    internal bool TryWatch(SocketWaiter waiter)
    {
        if (GetRefusal(reads: true, "watch") is not null)
        {
            return false;
        }

        try
        {
            ready.Wait(waiter, reads: true);
            return true;
        }
        catch (Exception refused) when (refused is IOException or SocketException)
        {
            return false;
        }
    }

    internal void Leave(SocketWaiter waiter, bool reads) => ready.Leave(waiter, reads);

    internal void BreakSending(IOException why)
    {
        sendingBroken ??= why;
        ready.EndsInMiddle = true;
    }

    /// <summary>Notes that part of something was sent and the rest will not follow: whoever closes it, the peer gets a reset.</summary>
    internal void Cut() => ready.State |= SocketState.Cut;

    /// <summary>Notes that a connection owns it and is the only reader.</summary>
    internal void OwnInput() => ready.State |= device.ResetsOverUnread ? SocketState.DropsUnread : 0;

    internal DropOutcome DropInput(ref long dropped) => ready.IsClosed ? DropOutcome.End : ready.Drop(ref dropped);

    internal void LeaveUnread() => ready.LeaveUnread();

    internal void WhenClosed(Action call) => ready.WhenClosed(call);

    /// <summary>Why nothing can be sent any more, because part of something is missing; null otherwise.</summary>
    internal IOException? SendingBroken => sendingBroken;

    // ---- Attempts

    internal void LookAgain() => ready.State |= SocketState.Readable;

    internal int TryReceive(Span<byte> buffer) => ready.TryReceive(buffer);

    internal bool CanReceive() => ready.CanReceive();

    internal bool MayReceive => ready.MayReceive || IsClosed;

    internal bool CanSend() => ready.CanSend;

    internal int TrySend(ReadOnlySpan<byte> bytes) => ready.TrySend(bytes);

    internal int TrySend(ReadOnlySpan<IoVector> vectors) => ready.TrySend(vectors);

    internal int TrySendFile(SafeFileHandle file, long offset, int count) => ready.TrySendFile(file, offset, count);

    internal int AfterSend(int sent) => ready.AfterSend(sent);

    internal int TrySendBatch(Span<Datagram> batch) => ready.TrySendBatch(batch);

    internal int AfterReceive(int received) => ready.AfterReceive(received);

    /// <summary>Counts bytes that have come, against the step's budget, too.</summary>
    internal void CountReceived(int count) => ready.CountReceived(count);

    /// <summary>Counts bytes that have gone as datagrams.</summary>
    internal void CountDatagramBytes(long count) => ready.CountDatagramBytes(count);

    internal SocketError TryAccept(out LoopSocket? accepted)
    {
        accepted = null;
        if ((ready.State & SocketState.Readable) == 0)
        {
            return SocketError.WouldBlock;
        }

        while (true)
        {
            var error = device.Accept(out var connection);
            ready.State &= ~SocketState.JustTold;
            switch (error)
            {
                case SocketError.Success:
                    accepted = new LoopSocket(Core, connection!) { namesAreKnown = true };
                    return SocketError.Success;

                case SocketError.WouldBlock:
                    ready.NothingLeft();
                    return error;

                // It died while it waited to be accepted, which does not concern the listener.
                case SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.ProtocolType or SocketError.NetworkDown
                    or SocketError.HostDown or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.ProtocolOption:
                    continue;

                default:
                    return error;
            }
        }
    }

    internal SocketError BeginConnect(EndPoint endPoint)
    {
        var error = device.Connect(endPoint);
        if (error == SocketError.Success)
        {
            NoteConnected(endPoint);
        }

        // Earlier reports were about a socket without a peer; later ones are about the connection, and are kept.
        if (error == SocketError.Success)
        {
            ready.State &= ~(SocketState.JustTold | SocketState.ShortProvesNothing);
        }
        else if (error == SocketError.WouldBlock)
        {
            ready.State &= ~(SocketState.Writable | SocketState.Readable | SocketState.JustTold | SocketState.ShortProvesNothing);
        }

        return error;
    }

    internal SocketError FinishConnect(EndPoint endPoint)
    {
        if (!CanSend())
        {
            return SocketError.WouldBlock;
        }

        var error = device.FinishConnect();
        if (error == SocketError.Success)
        {
            NoteConnected(endPoint);
            ready.State |= SocketState.Readable;
        }

        return error;
    }

    // Both, now: once the peer is gone nobody can ask any more.
    private void NoteConnected(EndPoint endPoint)
    {
        remoteEndPoint = endPoint;
        localEndPoint = device.LocalEndPoint;
    }

    // ---- The way to another loop

    /// <summary>Releases the device, which nobody has waited for yet: it moves to another loop, and this object is finished.</summary>
    internal SocketDevice Leave()
    {
        GC.SuppressFinalize(this);
        (_, _) = (LocalEndPoint, RemoteEndPoint);
        ready.Leave();
        device.Leave();
        return device;
    }

    /// <summary>Makes the socket of a connection that was accepted on another loop, or of a listener that was opened there. Loop thread.</summary>
    internal static LoopSocket Join(LoopCore core, SocketDevice device)
    {
        device.Join(core.Poller);
        return new LoopSocket(core, device) { namesAreKnown = true };
    }

    // ---- The end

    internal ObjectDisposedException Closed() => ready.ClosedException(Peer);

    private void CloseFromAnywhere(bool abort)
    {
        if (Core.IsInLoopThread)
        {
            CloseNow(abort);
            return;
        }

        // A closed loop has closed it already.
        Core.TryPost(CallbackItem<(LoopSocket Socket, bool Abort)>.Create(static close => close.Socket.CloseNow(close.Abort), (this, abort), Core.BaseContext));
    }

    void IHandedOver.OnHandleDisposed() => Core.TryPost(CallbackItem<LoopSocket>.Create(
        static socket => socket.CloseNow(abort: socket.ready.EndsInMiddle || socket.ready.Writer is not null, DeviceReadiness.DisposedElsewhere), this,
        Core.BaseContext));

    /// <summary>The loop's thread, or the one that closes a loop that does not run any more.</summary>
    internal void CloseNow(bool abort, string why = "")
    {
        if (ready.IsClosed)
        {
            return;
        }

        GC.SuppressFinalize(this);
        (_, _) = (LocalEndPoint, RemoteEndPoint);         // known from now on, for messages and for those who ask
        ready.Close(abort, ready.Reader is not null || ready.Writer is not null ? Peer : "", why);
    }

    private void Verify()
    {
        Core.VerifyAccess("LoopSocket");
        if (ready.IsClosed)
        {
            throw Closed();
        }
    }

    private static void Check(SocketError error, string what, EndPoint? with)
    {
        if (error != SocketError.Success)
        {
            throw SocketErrors.Failed(what, with, error);
        }
    }
}
