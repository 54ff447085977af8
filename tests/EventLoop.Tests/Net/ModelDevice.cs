using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Tests.Net;

/// <summary>
/// A TCP socket and the edge-triggered poller below it, as Linux has them: a report says what is so at that moment, and comes once for all that has changed
/// since the last one; a receive stops at the mark of urgent data; an end or a reset stands behind the data.
/// </summary>
internal sealed class ModelDevice : SocketDevice
{
    private const char Byte = '.', Mark = '!';
    private readonly Queue<char> arrived = new();
    private bool connecting;
    private bool ended;
    private bool reset;
    private bool resetTold;
    private bool registered;
    private bool changed;

    internal ModelDevice() => IsTcp = true;

    /// <summary>Ordinary bytes that have come so far.</summary>
    internal int Sent { get; private set; }

    internal bool HasEnd => ended || reset;

    internal LoopSocket Open() => new(LoopCore.Required, this);

    // ---- What the network does

    internal void Arrive(int count, bool behindMark = false)
    {
        if (HasEnd)
        {
            return;
        }

        if (behindMark)
        {
            arrived.Enqueue(Mark);
        }

        for (int i = 0; i < count; i++)
        {
            arrived.Enqueue(Byte);
        }

        Sent += count;
        changed = true;
    }

    internal void Connected()
    {
        connecting = false;
        changed = true;
    }

    internal void End()
    {
        ended = true;
        changed = true;
    }

    internal void Reset()
    {
        reset = true;
        changed = true;
    }

    /// <summary>One look of the poller. False: it has nothing to tell.</summary>
    internal bool Poll()
    {
        if (!registered || !changed)
        {
            return false;
        }

        changed = false;
        var told = connecting ? Readiness.None : Readiness.Writable;
        told |= arrived.Contains(Byte) ? Readiness.Readable : Readiness.None;
        told |= arrived.Contains(Mark) ? Readiness.Urgent : Readiness.None;
        told |= HasEnd ? Readiness.Readable | Readiness.HangUp : Readiness.None;
        Owner!.OnReady(told);
        return true;
    }

    // ---- What the socket answers

    internal override void Arm(Readiness interest)
    {
        changed |= !registered;
        registered = true;
    }

    internal override int Receive(Span<byte> buffer)
    {
        int count = 0;
        while (count < buffer.Length && arrived.TryPeek(out char next))
        {
            if (next == Mark && count > 0)
            {
                break;
            }

            arrived.Dequeue();
            count += next == Byte ? 1 : 0;
        }

        if (count > 0)
        {
            return count;
        }

        if (reset && !resetTold)
        {
            resetTold = true;
            return ReceiveAnswer(Answer(SocketError.ConnectionReset));
        }

        return HasEnd ? ReceiveAnswer(0) : WouldBlock;
    }

    internal override bool IsReadable => arrived.Contains(Byte) || HasEnd;

    internal override SocketError Connect(EndPoint endPoint)
    {
        connecting = true;
        return SocketError.WouldBlock;
    }

    internal override SocketError FinishConnect() => SocketError.Success;

    internal override EndPoint? LocalEndPoint => null;

    internal override EndPoint? RemoteEndPoint => null;

    internal override void Close(bool abort)
    {
    }

    internal override int Send(ReadOnlySpan<byte> bytes) => throw new NotSupportedException();

    internal override int SendFile(SafeFileHandle file, long offset, int count) => throw new NotSupportedException();

    internal override SocketError Bind(EndPoint endPoint) => throw new NotSupportedException();

    internal override SocketError Listen(int backlog) => throw new NotSupportedException();

    internal override SocketError Accept(out SocketDevice? accepted) => throw new NotSupportedException();

    internal override SocketError ShutdownSend() => throw new NotSupportedException();

    internal override int ReceiveFrom(Span<byte> buffer, SocketAddress from, out bool truncated) => throw new NotSupportedException();

    internal override int SendTo(ReadOnlySpan<byte> datagram, SocketAddress? to) => throw new NotSupportedException();

    internal override int ReceiveBatch(Span<Datagram> datagrams) => throw new NotSupportedException();

    internal override int SendBatch(ReadOnlySpan<Datagram> datagrams) => throw new NotSupportedException();

    internal override SocketError Set(SocketSetting setting, int value) => throw new NotSupportedException();
}
