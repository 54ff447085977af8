using System.Buffers;
using System.Net;
using System.Net.Sockets;
using EventLoop.Native;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Polling;

/// <summary>A socket by its .NET object, never blocking and never asynchronous. Loop thread only.</summary>
internal sealed class PortableSocket : SocketDevice
{
    private const int LongestDatagram = 65_536;

    private PortablePoller? poller;              // null: on its way to another loop
    private readonly Socket socket;
    private readonly PollSource? watcher;        // for a foreign descriptor: the socket is a view of it
    private readonly SafeSocketHandle? watched;  // whose
    private EndPoint? local, remote;             // of an accepted socket
    private bool closed;

    internal PortableSocket(PortablePoller poller, Socket socket, PollSource? watcher = null, SafeSocketHandle? watched = null)
    {
        this.poller = poller;
        this.socket = socket;
        this.watcher = watcher;
        this.watched = watched;
        if (watcher is null)
        {
            socket.Blocking = false;
            poller.Opened(this);
        }

        IsTcp = socket.SocketType == SocketType.Stream && socket.ProtocolType == ProtocolType.Tcp;
    }

    /// <summary>What is being waited for.</summary>
    internal Readiness Interest;

    /// <summary>Whether it was closed by its owner while it was watched.</summary>
    internal bool IsOver => watched is { IsClosed: true };

    internal override EndPoint? LocalEndPoint => local ?? Ask(static socket => socket.LocalEndPoint);

    internal override EndPoint? RemoteEndPoint => remote ?? Ask(static socket => socket.RemoteEndPoint);

    internal override Socket? AsSocket() => socket;

    internal override void Leave()
    {
        poller!.Forget(this, socket, closed: true);
        poller = null;
    }

    internal override void Join(IPoller poller)
    {
        this.poller = (PortablePoller)poller;
        this.poller.Opened(this);
    }

    internal override void Arm(Readiness interest)
    {
        Interest |= interest;
        poller!.Waits(this, socket);
    }

    internal void Tell(Readiness readiness)
    {
        var asked = Interest;
        Interest &= ~readiness;
        if ((Interest & (Readiness.Readable | Readiness.Writable)) == 0)
        {
            poller!.Forget(this, socket, closed: false);
        }

        if (watcher is not null)
        {
            watcher.OnReady(readiness & (asked | Readiness.HangUp));
        }
        else
        {
            OnReady(readiness);
        }
    }

    internal void Unwatch() => poller!.Forget(this, socket, closed: true);

    internal override int Receive(Span<byte> buffer)
    {
        int count = socket.Receive(buffer, SocketFlags.None, out var error);
        int answer = error == SocketError.Success ? count : Answer(error);
        return buffer.IsEmpty ? answer : ReceiveAnswer(answer);
    }

    internal override bool IsReadable => socket.Poll(0, SelectMode.SelectRead);

    internal override int Send(ReadOnlySpan<byte> bytes)
    {
        int count = socket.Send(bytes, SocketFlags.None, out var error);
        return SendAnswer(error == SocketError.Success ? count : Answer(error));
    }

    internal override int SendFile(SafeFileHandle file, long offset, int count) => SendByReading(file, offset, count);

    internal override SocketError Bind(EndPoint endPoint) => Try(() => socket.Bind(endPoint));

    internal override SocketError Listen(int backlog) => Try(() => socket.Listen(backlog));

    internal override SocketError Accept(out SocketDevice? accepted)
    {
        Socket? next = null;
        accepted = null;
        try
        {
            next = socket.Accept();
            var connection = new PortableSocket(poller!, next);
            connection.local = connection.LocalEndPoint;
            connection.remote = connection.RemoteEndPoint;
            accepted = connection;
        }
        catch (SocketException failure)
        {
            next?.Dispose();
            return failure.SocketErrorCode;
        }
        catch
        {
            next?.Dispose();
            throw;
        }

        PassOnNoDelay(next);
        return SocketError.Success;
    }

    // Not every system lets a connection inherit it. Where it cannot be set, as on one that is broken already, its user is told by what comes next.
    private void PassOnNoDelay(Socket connection) => Try(() =>
    {
        if (IsTcp && socket.NoDelay)
        {
            connection.NoDelay = true;
        }
    });

    internal override SocketError Connect(EndPoint endPoint)
    {
        var error = Try(() => socket.Connect(endPoint));
        return error is SocketError.InProgress or SocketError.WouldBlock
            ? endPoint.AddressFamily == AddressFamily.Unix ? SocketError.TryAgain : SocketError.WouldBlock
            : error;
    }

    internal override SocketError FinishConnect()
    {
        try
        {
            return (SocketError)(int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode;
        }
    }

    internal override SocketError ShutdownSend() => Try(() => socket.Shutdown(SocketShutdown.Send));

    internal override bool ResetsOverUnread => IsTcp || socket.AddressFamily == AddressFamily.Unix;

    internal override bool MayLoseAtClose => IsTcp;

    internal override int? Unacknowledged =>
        !IsTcp ? 0 : OperatingSystem.IsLinux() ? Libc.Unacknowledged((int)socket.SafeHandle.DangerousGetHandle()) : null;

    internal override int ReceiveFrom(Span<byte> buffer, SocketAddress from, out bool truncated)
    {
        // .NET's receive reports a truncated datagram on some systems only. So there is room for one more byte than requested: if it is used, something was
        // cut off.
        byte[]? roomier = buffer.Length < LongestDatagram ? ArrayPool<byte>.Shared.Rent(buffer.Length + 1) : null;
        truncated = false;
        try
        {
            int length = socket.ReceiveFrom(roomier is null ? buffer : roomier.AsSpan(0, buffer.Length + 1), SocketFlags.None, from);
            truncated = length > buffer.Length;
            length = Math.Min(length, buffer.Length);
            roomier?.AsSpan(0, length).CopyTo(buffer);
            return length;
        }
        catch (SocketException cut) when (cut.SocketErrorCode == SocketError.MessageSize)
        {
            truncated = true;      // Windows reports it this way
            roomier?.AsSpan(0, buffer.Length).CopyTo(buffer);
            return buffer.Length;
        }
        catch (SocketException failure)
        {
            return Answer(failure.SocketErrorCode);
        }
        finally
        {
            if (roomier is not null)
            {
                ArrayPool<byte>.Shared.Return(roomier);
            }
        }
    }

    internal override int SendTo(ReadOnlySpan<byte> datagram, SocketAddress? to)
    {
        try
        {
            return to is null ? Send(datagram) : socket.SendTo(datagram, SocketFlags.None, to);
        }
        catch (SocketException failure)
        {
            return Answer(failure.SocketErrorCode);
        }
    }

    internal override int ReceiveBatch(Span<Datagram> datagrams)
    {
        for (int i = 0; i < datagrams.Length; i++)
        {
            ref var datagram = ref datagrams[i];
            datagram.Address ??= new SocketAddress(socket.AddressFamily, 128);
            datagram.Address.Size = datagram.Address.Buffer.Length;
            int length = ReceiveFrom(datagram.Bytes.Span, datagram.Address, out datagram.Truncated);
            if (length < 0)
            {
                return i > 0 ? i : length;
            }

            datagram.Length = length;
        }

        return datagrams.Length;
    }

    internal override int SendBatch(ReadOnlySpan<Datagram> datagrams)
    {
        for (int i = 0; i < datagrams.Length; i++)
        {
            int sent = SendTo(datagrams[i].Bytes.Span, datagrams[i].Address);
            if (sent < 0)
            {
                return i > 0 ? i : sent;
            }
        }

        return datagrams.Length;
    }

    // .NET has no name for it.
    private SocketError DeferAccept(int seconds) =>
        OperatingSystem.IsLinux() ? Try(() => socket.SetRawSocketOption(6, 9, BitConverter.GetBytes(seconds))) : SocketError.OperationNotSupported;

    internal override SocketError Set(SocketSetting setting, int value)
    {
        (SocketOptionLevel level, SocketOptionName name) = setting switch
        {
            SocketSetting.NoDelay => (SocketOptionLevel.Tcp, SocketOptionName.NoDelay),
            SocketSetting.KeepAlive => (SocketOptionLevel.Socket, SocketOptionName.KeepAlive),
            SocketSetting.KeepAliveTime => (SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime),
            SocketSetting.KeepAliveInterval => (SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval),
            SocketSetting.KeepAliveCount => (SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount),
            SocketSetting.ReceiveBuffer => (SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer),
            SocketSetting.SendBuffer => (SocketOptionLevel.Socket, SocketOptionName.SendBuffer),
            SocketSetting.ReusePort => (SocketOptionLevel.Socket, SocketOptionName.ReuseAddress),
            SocketSetting.IPv6Only => (SocketOptionLevel.IPv6, SocketOptionName.IPv6Only),
            SocketSetting.Broadcast => (SocketOptionLevel.Socket, SocketOptionName.Broadcast),
            _ => (default, default),
        };

        // On Unix .NET binds with SO_REUSEADDR by itself; its ReuseAddress sets SO_REUSEPORT there, and lets a port be stolen on Windows.
        return setting == SocketSetting.ReuseAddress ? SocketError.Success
            : setting == SocketSetting.DeferAccept ? DeferAccept(value)
            : setting == SocketSetting.ReusePort && OperatingSystem.IsWindows() ? SocketError.OperationNotSupported
            : Try(() => socket.SetSocketOption(level, name, value));
    }

    internal override void Close(bool abort)
    {
        if (closed)
        {
            return;
        }

        closed = true;
        poller?.Forget(this, socket, closed: true);
        if (abort)
        {
            Try(() => socket.LingerState = new LingerOption(enable: true, seconds: 0));
        }

        socket.Dispose();
    }

    private EndPoint? Ask(Func<Socket, EndPoint?> question)
    {
        try
        {
            return closed ? null : question(socket);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private static SocketError Try(Action action)
    {
        try
        {
            action();
            return SocketError.Success;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode;
        }
        catch (ObjectDisposedException)
        {
            return SocketError.NotSocket;      // closed by somebody else
        }
    }
}
