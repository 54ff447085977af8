using System.Net;
using System.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Net;

[Flags]
internal enum SocketState : byte
{
    /// <summary>A receive may find something. True until one finds nothing: "unknown" costs one call, a missed edge would cost the connection.</summary>
    Readable = 1,

    /// <summary>A send may find room.</summary>
    Writable = 2,

    /// <summary>The end, or an error, stands behind what can still be received; no edge will tell of it again.</summary>
    HangUp = 4,

    Closed = 8,
}

// What a socket knows about its device, and who waits for it. Loop thread only.
public sealed partial class LoopSocket : ISocketOwner
{
    private readonly SocketDevice device;
    private SocketWaiter? reader;
    private SocketWaiter? writer;
    private SocketState state = SocketState.Readable | SocketState.Writable;
    private IOException? sendingBroken;
    private EndPoint? localEndPoint;
    private EndPoint? remoteEndPoint;

    internal LoopSocket(LoopCore core, SocketDevice device)
    {
        Core = core;
        this.device = device;
        device.Owner = this;
    }

    internal LoopCore Core { get; }

    internal SocketDevice Device => device;

    /// <summary>Something waits to receive.</summary>
    internal bool IsReceiving => reader is not null;

    /// <summary>For descriptions.</summary>
    internal string Peer => (remoteEndPoint ?? localEndPoint) is { } known ? SocketErrors.Text(known) : "a socket";

    void ISocketOwner.OnReady(Readiness readiness)
    {
        var now = state;
        if ((readiness & Readiness.HangUp) != 0)
        {
            now |= SocketState.HangUp;
        }

        if ((readiness & Readiness.Readable) != 0)
        {
            now |= SocketState.Readable;
        }

        if ((readiness & Readiness.Writable) != 0)
        {
            now |= SocketState.Writable;
        }

        state = now;
        if ((readiness & Readiness.Readable) != 0 && reader is { } receiving)
        {
            reader = null;
            if (!receiving.TryAgain())
            {
                Wait(receiving, reads: true);
            }
        }

        if ((readiness & Readiness.Writable) != 0 && writer is { } sending)
        {
            writer = null;
            if (!sending.TryAgain())
            {
                Wait(sending, reads: false);
            }
        }
    }

    void ISocketOwner.OnLoopClosed() => CloseNow(abort: false);

    /// <summary>Why an operation cannot begin; null when it can.</summary>
    internal Exception? WhyNot(bool reads, string what)
    {
        if ((state & SocketState.Closed) != 0)
        {
            return Closed();
        }

        if ((reads ? reader : writer) is not null)
        {
            return new InvalidOperationException(
                $"Another operation waits on this socket already, so this cannot begin: {what} {Peer}. Await the first one; a socket has one operation for each direction at a time.");
        }

        return reads || sendingBroken is null ? null : new IOException(sendingBroken.Message, sendingBroken);
    }

    /// <summary>Has it told when its direction becomes ready. Answers why it cannot.</summary>
    internal Exception? Wait(SocketWaiter waiter, bool reads)
    {
        if (WhyNot(reads, "wait for") is { } refused)
        {
            return refused;
        }

        try
        {
            device.Arm(reads ? Readiness.Readable : Readiness.Writable);
        }
        catch (IOException failure)
        {
            return failure;
        }

        if (reads)
        {
            reader = waiter;
        }
        else
        {
            writer = waiter;
        }

        return null;
    }

    internal void Leave(SocketWaiter waiter, bool reads)
    {
        if (reads && ReferenceEquals(reader, waiter))
        {
            reader = null;
        }
        else if (!reads && ReferenceEquals(writer, waiter))
        {
            writer = null;
        }
    }

    internal void BreakSending(IOException why) => sendingBroken ??= why;

    // ---- Attempts

    internal int TryReceive(Span<byte> buffer)
    {
        if ((state & SocketState.Readable) == 0)
        {
            return SocketDevice.WouldBlock;
        }

        if (buffer.IsEmpty)
        {
            return CanReceive() ? 0 : SocketDevice.WouldBlock;
        }

        int count = device.Receive(buffer);
        if (count == SocketDevice.WouldBlock || (count > 0 && count < buffer.Length && device.IsTcp && (state & SocketState.HangUp) == 0))
        {
            // Less than there was room for: there is nothing more, and the next arrival is a new edge.
            state &= ~SocketState.Readable;
        }

        return count;
    }

    internal bool CanReceive()
    {
        if ((state & SocketState.Readable) != 0 && device.Peek() == SocketDevice.WouldBlock)
        {
            state &= ~SocketState.Readable;
        }

        return (state & SocketState.Readable) != 0;
    }

    internal bool MayReceive => (state & SocketState.Readable) != 0 || IsClosed;

    internal bool CanSend() => (state & SocketState.Writable) != 0;

    internal int TrySend(ReadOnlySpan<byte> bytes) => CanSend() ? AfterSend(device.Send(bytes)) : SocketDevice.WouldBlock;

    internal int TrySend(ReadOnlySpan<IoVector> vectors) => CanSend() ? AfterSend(device.Send(vectors)) : SocketDevice.WouldBlock;

    internal int TrySendFile(SafeFileHandle file, long offset, int count) =>
        CanSend() ? AfterSend(device.SendFile(file, offset, count)) : SocketDevice.WouldBlock;

    internal int AfterSend(int sent)
    {
        if (sent == SocketDevice.WouldBlock)
        {
            state &= ~SocketState.Writable;
        }

        return sent;
    }

    internal int AfterReceive(int received)
    {
        if (received == SocketDevice.WouldBlock)
        {
            state &= ~SocketState.Readable;
        }

        return received;
    }

    internal SocketError TryAccept(out LoopSocket? accepted)
    {
        accepted = null;
        if ((state & SocketState.Readable) == 0)
        {
            return SocketError.WouldBlock;
        }

        while (true)
        {
            var error = device.Accept(out var connection);
            switch (error)
            {
                case SocketError.Success:
                    accepted = new LoopSocket(Core, connection!);
                    return SocketError.Success;

                case SocketError.WouldBlock:
                    state &= ~SocketState.Readable;
                    return error;

                // It died while it waited to be accepted: its trouble, not the listener's.
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
            remoteEndPoint = endPoint;
        }
        else if (error == SocketError.WouldBlock)
        {
            state &= ~(SocketState.Writable | SocketState.Readable);
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
            remoteEndPoint = endPoint;
            state |= SocketState.Readable;
            state &= ~SocketState.HangUp;
        }

        return error;
    }

    // ---- The end

    internal ObjectDisposedException Closed() => new(nameof(LoopSocket), $"The socket to {Peer} is closed.");

    private void CloseFromAnywhere(bool abort)
    {
        if (Core.IsInLoopThread)
        {
            CloseNow(abort);
            return;
        }

        // A loop that is closed has closed it already.
        Core.TryPost(CallbackItem<(LoopSocket Socket, bool Abort)>.Create(static close => close.Socket.CloseNow(close.Abort), (this, abort), Core.BaseContext));
    }

    private void CloseNow(bool abort)
    {
        if ((state & SocketState.Closed) != 0)
        {
            return;
        }

        // First closed, so that nothing begins any more; then those who wait leave, through the ready queue; then the descriptor.
        if (reader is not null || writer is not null)
        {
            _ = RemoteEndPoint ?? LocalEndPoint;        // for the message
        }

        state |= SocketState.Closed;
        (var receiving, reader) = (reader, null);
        (var sending, writer) = (writer, null);
        receiving?.OnClosed(Closed());
        sending?.OnClosed(Closed());
        device.Close(abort);
    }

    private void Check(SocketError error, string what, EndPoint? with)
    {
        Core.VerifyAccess("LoopSocket");
        if ((state & SocketState.Closed) != 0)
        {
            throw Closed();
        }

        if (error != SocketError.Success)
        {
            throw SocketErrors.Failed(what, with, error);
        }
    }
}
