using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EventLoop.Polling;

/// <summary>
/// Readiness by <see cref="Socket.Select(System.Collections.IList, System.Collections.IList, System.Collections.IList, TimeSpan)"/>, everywhere the same: each
/// wait costs a look at every waiting socket, the price of having no code for particular systems. While nothing waits for a socket the thread parks on an
/// event. Loop thread only, except <see cref="Wake"/>.
/// </summary>
internal sealed class PortablePoller : IPoller
{
    private const int ShortRest = 10;        // milliseconds

    private readonly AutoResetEvent wake = new(initialState: false);    // any thread; unlike ManualResetEventSlim it allocates nothing to wait
    private readonly HashSet<PortableSocket> sockets = [];       // open sockets, to be notified when the loop closes
    private readonly HashSet<PortableSocket> waiting = [];
    private readonly Dictionary<PollSource, PortableSocket> watches = [];
    private readonly Dictionary<Socket, PortableSocket> bySocket = [];
    private readonly List<Socket> reads = [], writes = [], errors = [];
    private readonly List<(PortableSocket Socket, Readiness Readiness)> found = [];
    private readonly List<PortableSocket> over = [];
    private volatile Socket? bell;           // any thread sends to it; its own address is its peer
    private int rung;                        // any thread: 1 while a byte is on its way to the bell

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

        // Whole milliseconds, rounded up: waking early would only cause another turn.
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
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The loop was closed meanwhile; or the system has no room for a byte just now, and the next one who wakes the loop tries again.
            Interlocked.Exchange(ref rung, 0);
        }
    }

    public SocketDevice Open(AddressFamily family, SocketType type, ProtocolType protocol)
    {
        var socket = new Socket(family, type, family == AddressFamily.Unix ? ProtocolType.Unspecified : protocol);
        if (family == AddressFamily.InterNetworkV6)
        {
            socket.DualMode = true;      // as by the system's default, and in the other poller: mapped IPv4 addresses can be reached
        }

        return new PortableSocket(this, socket);
    }

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
                ?? throw new PlatformNotSupportedException("The portable poller watches sockets only. Pass a SafeSocketHandle, or use PollerKind.Epoll on "
                    + "Linux.");
            watch = new PortableSocket(this, View(shared), source, shared);
            watches.Add(source, watch);
        }

        watch.Interest = Readiness.None;
        try
        {
            watch.Arm(interest);
        }
        catch (SocketException failure)
        {
            watches.Remove(source);
            watch.Unwatch();
            throw new IOException($"The socket could not be watched: {failure.Message}", failure);
        }
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

    // Without a reference of its own: whoever closes a socket waits until nobody holds it.
    private static Socket View(SafeSocketHandle shared)
    {
        bool referenced = false;
        try
        {
            shared.DangerousAddRef(ref referenced);
            return new Socket(new SafeSocketHandle(shared.DangerousGetHandle(), ownsHandle: false));
        }
        finally
        {
            if (referenced)
            {
                shared.DangerousRelease();
            }
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
            if (waiter.IsOver)
            {
                over.Add(waiter);
                continue;
            }

            if ((waiter.Interest & Readiness.Readable) != 0)
            {
                reads.Add(socket);
            }

            if ((waiter.Interest & Readiness.Writable) != 0)
            {
                writes.Add(socket);
                if (OperatingSystem.IsWindows())
                {
                    errors.Add(socket);      // where a failed connect is reported; for others urgent data is
                }
            }
        }

        TellOver();
        if (Look(wake.WaitOne(0) ? 0 : timeout))       // what was woken before this wait has set the event; later wakes ring the bell
        {
            Collect(reads, Readiness.Readable);
            Collect(writes, Readiness.Writable);
            Collect(errors, Readiness.Readable | Readiness.Writable | Readiness.HangUp);
        }

        foreach (var (socket, readiness) in found)
        {
            socket.Tell(readiness);
        }

        found.Clear();
    }

    private bool Look(long limit)
    {
        try
        {
            Socket.Select(reads, writes, errors, limit < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMicroseconds(Math.Min((limit + 9) / 10, int.MaxValue)));
            return true;
        }
        catch (SocketException interrupted) when (interrupted.SocketErrorCode == SocketError.Interrupted)
        {
        }
        catch (Exception failure) when (failure is ObjectDisposedException or SocketException)
        {
            // Usually one of them is no longer a socket, because its owner has disposed it. Whoever waits for it tries, and gets the error.
            foreach (var (socket, waiter) in bySocket)
            {
                if (!CanBeAsked(socket))
                {
                    found.Add((waiter, Readiness.Readable | Readiness.Writable | Readiness.HangUp));
                }
            }

            if (found.Count == 0)
            {
                wake.WaitOne(ShortRest);      // the system seems to lack memory for so many
            }
        }

        return false;
    }

    private static bool CanBeAsked(Socket socket)
    {
        try
        {
            socket.Poll(0, SelectMode.SelectError);
            return true;
        }
        catch (Exception failure) when (failure is ObjectDisposedException or SocketException)
        {
            return false;
        }
    }

    private void TellOver()
    {
        foreach (var watch in over)
        {
            watch.Tell(Readiness.Readable | Readiness.Writable | Readiness.HangUp);
        }

        over.Clear();
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

        Interlocked.Exchange(ref rung, 0);       // last: whoever found it rung meanwhile has set the event, which the next wait checks first
    }
}
