using System.Net;
using System.Net.Sockets;
using EventLoop.Native;
using EventLoop.Polling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Tests.Net;

/// <summary>A real listening socket that counts how often somebody tried to accept.</summary>
internal sealed class CountingDevice : SocketDevice
{
    private readonly SocketDevice inner;

    internal CountingDevice(SocketDevice inner)
    {
        this.inner = inner;
        inner.Owner = new Forwarder(this);
    }

    internal int Accepts { get; private set; }

    internal override EndPoint? LocalEndPoint => inner.LocalEndPoint;

    internal override EndPoint? RemoteEndPoint => inner.RemoteEndPoint;

    internal override void Arm(Readiness interest) => inner.Arm(interest);

    internal override SocketError Accept(out SocketDevice? accepted)
    {
        Accepts++;
        return inner.Accept(out accepted);
    }

    internal override SocketError Bind(EndPoint endPoint) => inner.Bind(endPoint);

    internal override SocketError Listen(int backlog) => inner.Listen(backlog);

    internal override SocketError Set(SocketSetting setting, int value) => inner.Set(setting, value);

    internal override void Close(bool abort) => inner.Close(abort);

    internal override int Receive(Span<byte> buffer) => throw new NotSupportedException("It listens.");

    internal override bool IsReadable => throw new NotSupportedException("It listens.");

    internal override int Send(ReadOnlySpan<byte> bytes) => throw new NotSupportedException("It listens.");

    internal override int Send(ReadOnlySpan<IoVector> vectors) => throw new NotSupportedException("It listens.");

    internal override int SendFile(SafeFileHandle file, long offset, int count) => throw new NotSupportedException("It listens.");

    internal override SocketError Connect(EndPoint endPoint) => throw new NotSupportedException("It listens.");

    internal override SocketError FinishConnect() => throw new NotSupportedException("It listens.");

    internal override SocketError ShutdownSend() => throw new NotSupportedException("It listens.");

    internal override int ReceiveFrom(Span<byte> buffer, SocketAddress from, out bool truncated) => throw new NotSupportedException("It listens.");

    internal override int SendTo(ReadOnlySpan<byte> datagram, SocketAddress? to) => throw new NotSupportedException("It listens.");

    internal override int ReceiveBatch(Span<Datagram> datagrams) => throw new NotSupportedException("It listens.");

    internal override int SendBatch(ReadOnlySpan<Datagram> datagrams) => throw new NotSupportedException("It listens.");

    private sealed class Forwarder(CountingDevice to) : IDeviceOwner
    {
        void IDeviceOwner.OnReady(Readiness readiness) => to.Owner?.OnReady(readiness);

        void IDeviceOwner.OnLoopClosed() => to.Owner?.OnLoopClosed();
    }
}
