using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EventLoop.Polling;

/// <summary>
/// Readiness by <see cref="Socket.Select(System.Collections.IList, System.Collections.IList, System.Collections.IList, TimeSpan)"/>, everywhere the same:
/// each wait costs a look at every waiting socket, which is the price of no code of its own for a system. While nothing waits for a socket the thread parks on an event.
/// Loop thread only, but for <see cref="Wake"/>.
/// </summary>
internal sealed class PortablePoller : IPoller
{
    private readonly AutoResetEvent wake = new(initialState: false);    // any thread; unlike its slim relative it allocates nothing to wait
    private readonly HashSet<PortableSocket> sockets = [];       // open: to be told when the loop closes
    private readonly HashSet<PortableSocket> waiting = [];
    private readonly Dictionary<PollSource, PortableSocket> watches = [];
    private readonly Dictionary<Socket, PortableSocket> bySocket = [];
    private readonly List<Socket> reads = [], writes = [], errors = [];
    private readonly List<(PortableSocket Socket, Readiness Readiness)> found = [];
    private volatile Socket? bell;           // any thread sends to it; its own address is its peer
    private int rung;                        // any thread: 1 while a byte is under way to the bell

    public string Name => "portable";

    public bool HasSources => waiting.Count > 0;

    public void Poll(long timeout)
    {
        if (waiting.Count > 0)
        {
            Select(timeout);
            return;
        }

        if (timeout == 0)
        {
            return;
        }

        // Whole milliseconds, rounded up: waking early would only turn the loop round once more.
        int milliseconds = timeout < 0 ? -1 : (int)Math.Min((timeout + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond, int.MaxValue);
        wake.WaitOne(milliseconds);
    }

    public void Wake()
    {
        try
        {
            wake.Set();
            if (bell is { } socket && Interlocked.Exchange(ref rung, 1) == 0)
            {
                socket.Send([1]);
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The loop was closed meanwhile.
        }
    }

    public SocketDevice Open(AddressFamily family, SocketType type, ProtocolType protocol) =>
        new PortableSocket(this, new Socket(family, type, family == AddressFamily.Unix ? ProtocolType.Unspecified : protocol));

    public SocketDevice Adopt(Socket socket) => new PortableSocket(this, socket);

    public void Watch(PollSource source, SafeHandle handle, Readiness interest)
    {
        if (interest == Readiness.None)
        {
            if (watches.Remove(source, out var ended))
            {
                ended.Unwatch();
            }

            return;
        }

        if (!watches.TryGetValue(source, out var watch))
        {
            var shared = handle as SafeSocketHandle
                ?? throw new PlatformNotSupportedException("The portable poller watches sockets only. Pass a SafeSocketHandle, or use PollerKind.Epoll on Linux.");
            watch = new PortableSocket(this, new Socket(new SafeSocketHandle(shared.DangerousGetHandle(), ownsHandle: false)), source);
            watches.Add(source, watch);
        }

        watch.Interest = Readiness.None;
        watch.Arm(interest);
    }

    public void Dispose()
    {
        foreach (var socket in sockets.ToArray())
        {
            socket.Owner?.OnLoopClosed();
        }

        bell?.Dispose();
        wake.Dispose();
    }

    internal void Opened(PortableSocket socket) => sockets.Add(socket);

    internal void Waits(PortableSocket socket, Socket key)
    {
        EnsureBell();
        if (waiting.Add(socket))
        {
            bySocket[key] = socket;
        }
    }

    internal void Forget(PortableSocket socket, Socket key, bool closed)
    {
        if (waiting.Remove(socket))
        {
            bySocket.Remove(key);
        }

        if (closed)
        {
            sockets.Remove(socket);
        }
    }

    private void EnsureBell()
    {
        if (bell is null)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            socket.Connect(socket.LocalEndPoint!);
            bell = socket;
        }
    }

    private void Select(long timeout)
    {
        reads.Clear();
        writes.Clear();
        errors.Clear();
        reads.Add(bell!);
        foreach (var (socket, waiter) in bySocket)
        {
            if ((waiter.Interest & Readiness.Readable) != 0)
            {
                reads.Add(socket);
            }

            if ((waiter.Interest & Readiness.Writable) != 0)
            {
                writes.Add(socket);
                errors.Add(socket);      // where a failed connect shows on Windows
            }
        }

        // What was woken before this wait has set the event; later wakes ring the bell.
        long limit = wake.WaitOne(0) ? 0 : timeout;
        try
        {
            Socket.Select(reads, writes, errors, limit < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMicroseconds(Math.Min((limit + 9) / 10, int.MaxValue)));
        }
        catch (SocketException interrupted) when (interrupted.SocketErrorCode == SocketError.Interrupted)
        {
            return;
        }

        Collect(reads, Readiness.Readable);
        Collect(writes, Readiness.Writable);
        Collect(errors, Readiness.Readable | Readiness.Writable | Readiness.HangUp);
        foreach (var (socket, readiness) in found)
        {
            socket.Tell(readiness);
        }

        found.Clear();
    }

    private void Collect(List<Socket> ready, Readiness readiness)
    {
        foreach (var socket in ready)
        {
            if (bySocket.TryGetValue(socket, out var waiter))
            {
                found.Add((waiter, readiness));
            }
            else if (ReferenceEquals(socket, bell))
            {
                Silence();
            }
        }
    }

    private void Silence()
    {
        Span<byte> bytes = stackalloc byte[16];
        while (bell!.Receive(bytes, SocketFlags.None, out var error) > 0 && error == SocketError.Success)
        {
        }

        Interlocked.Exchange(ref rung, 0);       // last: who found it rung meanwhile has set the event, which the next wait looks at first
    }
}
