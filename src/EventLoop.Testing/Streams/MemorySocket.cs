using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Testing;

/// <summary>One end of two wires, in place of the system's socket below a <see cref="Connection"/>. Loop thread only.</summary>
internal sealed class MemorySocket : SocketDevice
{
    private const int Refused = -(int)SocketError.OperationNotSupported;
    private const int WasReset = -(int)SocketError.ConnectionReset;
    private const int NobodyReads = -(int)SocketError.Shutdown;

    private readonly MemoryWire incoming;
    private readonly MemoryWire outgoing;
    private readonly LoopSocket socket;
    private bool sendingEnded;

    internal MemorySocket(LoopCore core, MemoryWire incoming, MemoryWire outgoing, EndPoint local, EndPoint remote)
    {
        this.incoming = incoming;
        this.outgoing = outgoing;
        LocalEndPoint = local;
        RemoteEndPoint = remote;
        incoming.Receiver = this;
        outgoing.Sender = this;
        socket = new LoopSocket(core, this);
        _ = socket.RemoteEndPoint;       // known from now on, for descriptions
        Connection = new Connection(socket);
    }

    internal Connection Connection { get; }

    /// <summary>Whether something waits for input.</summary>
    internal bool IsAwaited => socket.IsReceiving;

    internal override EndPoint? LocalEndPoint { get; }

    internal override EndPoint? RemoteEndPoint { get; }

    internal void Tell(Readiness readiness) => Owner!.OnReady(readiness);

    internal override void Arm(Readiness interest)
    {
        if (interest == Readiness.Readable)
        {
            incoming.Await();
        }
    }

    internal override int Receive(Span<byte> buffer) => incoming.IsReset ? WasReset : incoming.Receive(buffer);

    internal override bool IsReadable => incoming.IsReset || incoming.IsReadable;

    internal override int Send(ReadOnlySpan<byte> bytes)
    {
        int failure = incoming.IsReset ? WasReset : sendingEnded || incoming.IsClosed ? NobodyReads : 0;
        if (failure != 0 || bytes.IsEmpty)
        {
            return failure;
        }

        int sent = outgoing.Send(bytes);
        return sent == 0 ? WouldBlock : sent;
    }

    internal override int SendFile(SafeFileHandle file, long offset, int count) => SendByReading(file, offset, count);

    internal override SocketError ShutdownSend()
    {
        sendingEnded = true;
        outgoing.End();
        return SocketError.Success;
    }

    internal override void Close(bool abort)
    {
        if (abort)
        {
            outgoing.Reset();
        }
        else
        {
            outgoing.Close();
        }

        incoming.Abandon();
    }

    internal override SocketError Set(SocketSetting setting, int value) => SocketError.Success;

    // ---- It is always connected, and is no datagram socket

    internal override SocketError Bind(EndPoint endPoint) => SocketError.OperationNotSupported;

    internal override SocketError Listen(int backlog) => SocketError.OperationNotSupported;

    internal override SocketError Accept(out SocketDevice? accepted)
    {
        accepted = null;
        return SocketError.OperationNotSupported;
    }

    internal override SocketError Connect(EndPoint endPoint) => SocketError.IsConnected;

    internal override SocketError FinishConnect() => SocketError.IsConnected;

    internal override int ReceiveFrom(Span<byte> buffer, SocketAddress from, out bool truncated)
    {
        truncated = false;
        return Refused;
    }

    internal override int SendTo(ReadOnlySpan<byte> datagram, SocketAddress? to) => Refused;

    internal override int ReceiveBatch(Span<Datagram> datagrams) => Refused;

    internal override int SendBatch(ReadOnlySpan<Datagram> datagrams) => Refused;
}
