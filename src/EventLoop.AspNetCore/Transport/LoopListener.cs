using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using EventLoop.Groups;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Scheduling;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Transport;

/// <summary>An address on which the loops accept connections. Kestrel asks for them one by one, from any thread.</summary>
internal sealed partial class LoopListener(ServerLoops loops, Loop[] all, MemoryPool<byte> memory, ILogger logger) : IConnectionListener
{
    private const int Backlog = 512;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    // Its reader resumes inside the step that accepts, which saves a hop to the pool for each connection.
    private readonly Channel<ConnectionContext> accepted = Channel.CreateUnbounded<ConnectionContext>(
        new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = true });

    private readonly List<(Loop Loop, LoopSocket Socket)> sockets = [];      // complete before anybody else reads it
    private UnixSocketFile? file;
    private int next;                                                        // used by the loop that accepts
    private bool unbound;

    public EndPoint EndPoint { get; private set; } = new IPEndPoint(IPAddress.None, 0);

    // For its connections. Any thread.
    internal MemoryPool<byte> Memory => memory;

    internal ILogger Logger => logger;

    internal bool HandshakeOnPool => loops.Options.HandshakeOnPool;

    internal async Task BindAsync(EndPoint endPoint, CancellationToken cancellation)
    {
        bool isShared = all.Length > 1 && loops.Options.Accept == AcceptMode.ReusePort && endPoint is IPEndPoint;
        EndPoint = endPoint;
        foreach (var loop in isShared ? all : all.AsSpan(0, 1).ToArray())
        {
            var (socket, own) = await ServerLoops.RunOnAsync(
                loop,
                () =>
                {
                    var listening = Listen(EndPoint, isShared);
                    return (listening, listening.LocalEndPoint);
                },
                static late => late.listening.Close(),
                cancellation).ConfigureAwait(false);
            sockets.Add((loop, socket));
            if (own is not null && endPoint is not UnixDomainSocketEndPoint)
            {
                EndPoint = own;      // port 0: the others use the same one
            }
        }

        if (endPoint is UnixDomainSocketEndPoint unix)
        {
            file = UnixSocketFile.Of(unix);
        }

        foreach (var (loop, socket) in sockets)
        {
            await ServerLoops.RunOnAsync(
                loop,
                () =>
                {
                    Loop.StartSoon(AcceptAsync(loop, socket, handsOut: all.Length > 1 && !isShared), $"accept on {EndPoint}");
                    return true;
                },
                cancellation: cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await accepted.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (accepted.Reader.TryRead(out var connection))
            {
                return connection;
            }
        }

        return null;
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        unbound = true;
        foreach (var (loop, socket) in sockets)
        {
            await CloseAsync(loop, socket, cancellationToken).ConfigureAwait(false);
        }

        file?.Remove();
        file = null;
        accepted.Writer.TryComplete();
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync().ConfigureAwait(false);
        while (accepted.Reader.TryRead(out var left))
        {
            left.Abort(new ConnectionAbortedException("The server stops."));
        }

        memory.Dispose();
    }

    private static async Task CloseAsync(Loop loop, LoopSocket socket, CancellationToken cancellation)
    {
        if (loop.IsClosed)
        {
            return;      // and so is the socket
        }

        try
        {
            await ServerLoops.RunOnAsync(
                loop,
                () =>
                {
                    socket.Close();
                    return true;
                },
                cancellation: cancellation).ConfigureAwait(false);
        }
        catch (Exception late) when (late is ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            socket.Close();      // when the loop gets to it, if it ever does
        }
    }

    // Loop thread, like everything below.
    private static LoopSocket Listen(EndPoint where, bool isShared)
    {
        switch (where)
        {
            case FileHandleEndPoint handle:
                var inherited = new Socket(new SafeSocketHandle((nint)handle.FileHandle, ownsHandle: true));
                if (inherited.ProtocolType == ProtocolType.Tcp)
                {
                    inherited.NoDelay = true;   // its connections inherit it
                }

                inherited.Listen(Backlog);      // whoever has opened it may not have
                return new LoopSocket(inherited);

            case UnixDomainSocketEndPoint:
                return SocketFactory.Listen(where, new ListenOptions { Backlog = Backlog });

            default:
                return SocketFactory.Listen(where, new ListenOptions
                {
                    ReusePort = isShared,
                    Backlog = Backlog,
                    DualMode = where is IPEndPoint { Address: var address } && address.Equals(IPAddress.IPv6Any),
                });
        }
    }

    private async Coroutine AcceptAsync(Loop loop, LoopSocket listener, bool handsOut)
    {
        var complaints = new Complaints();
        while (!listener.IsClosed)
        {
            try
            {
                var socket = await listener.AcceptAsync();
                var target = handsOut ? all[(int)((uint)next++ % (uint)all.Length)] : loop;
                if (ReferenceEquals(target, loop))
                {
                    Serve(socket);
                }
                else
                {
                    SocketHandOff.Send(socket.Leave(), target.Core, Serve);
                }
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (Exception failure) when (failure is IOException or SocketException)
            {
                if (complaints.IsDue(loop.Time, out long untold))
                {
                    LogCannotAccept(logger, EndPoint, untold, failure);      // usually no descriptors or memory
                }

                await Loop.Sleep(RetryDelay);
            }
        }
    }

    private void Serve(LoopSocket socket)
    {
        var connection = new ServedConnection(new Connection(socket), this);
        if (unbound || !accepted.Writer.TryWrite(connection))
        {
            connection.Abort(new ConnectionAbortedException("The server stops."));
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error,
        Message = "Connections to {EndPoint} cannot be accepted for now ({Untold} more failures since the last report).")]
    private static partial void LogCannotAccept(ILogger logger, EndPoint endPoint, long untold, Exception failure);
}
