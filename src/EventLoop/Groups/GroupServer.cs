using System.Net;
using System.Net.Sockets;
using EventLoop.Groups;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>A listener of a <see cref="LoopGroup"/>, whose connections are handled on all its loops.</summary>
/// <remarks><b>Thread:</b> stopped on any loop; its properties may be read on any thread.</remarks>
public sealed class GroupServer : IAsyncDisposable
{
    private readonly LoopGroup group;
    private readonly Func<Connection, Coroutine> handler;
    private readonly ListenOptions listenOptions;
    private readonly bool reusesPort;
    private readonly int mostConnections;
    private readonly Seat[] seats;        // replaced under the group's lock; read on any thread
    private GroupAcceptor? acceptor;           // for a hand-off; on Run's thread
    private volatile bool stopping;       // any thread
    private int open;                     // any thread, interlocked: connections that are being handled, and those on their way
    private long accepted;                // any thread, interlocked

    // Under the group's lock, on the thread of some loop.
    internal GroupServer(LoopGroup group, LoopThread[] threads, EndPoint endPoint, Func<Connection, Coroutine> handler, GroupListenOptions options)
    {
        SocketErrors.RefuseName(endPoint, nameof(endPoint));
        this.group = group;
        this.handler = handler;
        reusesPort = options.Accept == AcceptMode.ReusePort;
        if (reusesPort && endPoint.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6))
        {
            throw new ArgumentException("Only TCP has a port for several listeners. Use AcceptMode.HandOff for other sockets.", nameof(endPoint));
        }

        mostConnections = options.Listen.MaxConnections ?? int.MaxValue;
        listenOptions = reusesPort ? options.Listen with { ReusePort = true } : options.Listen;
        seats = Array.ConvertAll(threads, thread => new Seat(this, thread));
        EndPoint = reusesPort ? OpenOnEach(endPoint) : OpenAtHome(endPoint);
    }

    /// <summary>The address where it listens, with the port that it got.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>How many connections have running handlers or are on their way to them, by the index of the loop.</summary>
    public IReadOnlyList<int> ConnectionCounts => Array.ConvertAll(seats, static seat => seat.Count);

    /// <summary>How many connections were accepted so far.</summary>
    public long AcceptedCount => Interlocked.Read(ref accepted);

    /// <summary>Stops like a <see cref="Server"/>, on all loops at once: accepts no more connections, lets handlers end, cancels those that take too long, and
    /// resets the connections of those that do not respond even to that.</summary>
    /// <param name="timeout">How long handlers may take to end by themselves, and then again after they were cancelled; null or infinite: without limit; zero:
    /// not at all.</param>
    /// <returns>What had to be cancelled and reset.</returns>
    /// <exception cref="InvalidOperationException">Called from a handler of this server, which would wait for itself, or where no loop runs.</exception>
    public async Coroutine<ServerStopResult> StopAsync(TimeSpan? timeout = null)
    {
        if (LoopThread.Current is { } here && ReferenceEquals(here.Group, group) && seats[here.Index].IsHandledBy(Loop.CurrentTask))
        {
            throw Server.StopsItself();
        }

        group.Forget(this);
        var closed = StopAccepting(null);
        if (closed is not null && !ReferenceEquals(Loop.Current, group.Home))
        {
            await closed.OnLoop();      // by then everything that was accepted before is on its way to its loop
        }

        // Together: whoever gives up the stop gives it up on all loops, and waits for all of them.
        var stops = new List<LoopTask<ServerStopResult>>();
        await TaskGroup.Run(async together => stops.AddRange(seats.Select(seat => together.CreateTask(seat.StopAsync(timeout)))));
        var aborted = new List<EndPoint?>();
        int canceled = 0;
        foreach (var result in stops.Select(static stop => stop.Result))
        {
            aborted.AddRange(result.Aborted);
            canceled += result.Canceled;
        }

        return new ServerStopResult(aborted, canceled);
    }

    /// <summary>Stops without waiting for handlers that do not respond to their cancellation.</summary>
    public ValueTask DisposeAsync() => new(StopAsync(TimeSpan.Zero).AsTask());

    // ---- Accepting

    private EndPoint OpenAtHome(EndPoint endPoint)
    {
        var (device, onClosed) = endPoint is UnixDomainSocketEndPoint path
            ? Unix.OpenListener(LoopCore.Required, PathOf(path), listenOptions)
            : (SocketFactory.OpenListener(LoopCore.Required, endPoint, listenOptions), null);
        var bound = device.LocalEndPoint!;
        SendListener(device, group.Home.Core, socket =>
        {
            acceptor = new GroupAcceptor(this, socket, null, onClosed);
            if (stopping)
            {
                acceptor.Stop();
            }
        });
        return bound;
    }

    // .NET shows an abstract name with an @, which may begin a file's name, too.
    private static string PathOf(UnixDomainSocketEndPoint path)
    {
        const int FirstByte = 2;
        string shown = path.ToString()!;
        return path.Serialize()[FirstByte] == 0 ? $"\0{shown[1..]}" : shown;
    }

    private EndPoint OpenOnEach(EndPoint endPoint)
    {
        var opened = new List<SocketDevice>();
        try
        {
            foreach (var _ in seats)
            {
                opened.Add(SocketFactory.OpenListener(LoopCore.Required, opened.Count > 0 ? opened[0].LocalEndPoint! : endPoint, listenOptions));
            }
        }
        catch
        {
            opened.ForEach(static device => device.Close(abort: false));
            throw;
        }

        var bound = opened[0].LocalEndPoint!;
        foreach (var seat in seats)
        {
            SendListener(opened[seat.Thread.Index], seat.Thread.Core, seat.Open);
        }

        return bound;
    }

    private static void SendListener(SocketDevice device, LoopCore to, Action<LoopSocket> open)
    {
        device.Leave();
        if (ReferenceEquals(LoopCore.Running, to))
        {
            open(LoopSocket.Join(to, device));
        }
        else
        {
            SocketHandOff.Send(device, to, open);
        }
    }

    /// <summary>Closes the listeners, or only that of one loop. Any thread.</summary>
    /// <returns>Completes when they are closed; null: they are.</returns>
    internal Task? StopAccepting(LoopThread? only)
    {
        if (only is null)
        {
            stopping = true;
        }

        if (reusesPort)
        {
            var closing = new List<Task>();
            foreach (var seat in seats)
            {
                if (only is null || ReferenceEquals(only, seat.Thread))
                {
                    closing.Add(OnThread(seat.Thread.Core, seat.Close) ?? Task.CompletedTask);
                }
            }

            return Task.WhenAll(closing);
        }

        return only is null ? OnThread(group.Home.Core, () => acceptor?.Stop()) : null;
    }

    private static Task? OnThread(LoopCore core, Action close)
    {
        if (core.IsInLoopThread)
        {
            close();
            return null;
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        core.Arrive(new RawStep(
            () =>
            {
                close();
                done.TrySetResult();
            },
            () => done.TrySetResult()));      // a closed loop has closed it
        return done.Task;
    }

    /// <summary>Replaces the place of a failed loop. Under the group's lock, on the thread of the one that failed.</summary>
    internal void Replace(LoopThread failed, LoopThread next)
    {
        var seat = seats[failed.Index] = new Seat(this, next);
        if (reusesPort && !stopping)
        {
            next.Loop.Post(() =>
            {
                try
                {
                    seat.Open(SocketFactory.Listen(EndPoint, listenOptions));
                }
                catch (Exception failure) when (failure is SocketException or IOException)
                {
                    group.Tell($"Loop '{next.Loop.Name}' cannot listen on {SocketErrors.Text(EndPoint)}; the others do", failure);
                }
            });
        }
    }

    private bool HasRoom => Volatile.Read(ref open) < mostConnections;

    private bool TryEnter()
    {
        if (Interlocked.Increment(ref open) <= mostConnections)
        {
            return true;
        }

        Interlocked.Decrement(ref open);
        return false;
    }

    private void LeaveRoom()
    {
        Interlocked.Decrement(ref open);
        if (mostConnections == int.MaxValue)
        {
            return;
        }

        TellOfRoom(acceptor, group.Home.Core);
        foreach (var seat in seats)
        {
            TellOfRoom(seat.Acceptor, seat.Thread.Core);
        }
    }

    private static void TellOfRoom(GroupAcceptor? waiting, LoopCore core)
    {
        if (waiting is { WaitsForRoom: true })
        {
            core.TryPost(CallbackItem<GroupAcceptor>.Create(static acceptor => acceptor.NoteRoom(), waiting, core.BaseContext));
        }
    }

    // ---- The places where connections are handled

    /// <summary>The share of one loop. Loop thread only, except for what says otherwise.</summary>
    private sealed class Seat : ILoopResident
    {
        private readonly GroupServer server;
        private readonly ConnectionHandlers handlers;
        private volatile GroupAcceptor? acceptor;      // where the port is shared; read on any thread
        private int count;                        // any thread, interlocked
        private bool closed;

        internal Seat(GroupServer server, LoopThread thread)
        {
            this.server = server;
            Thread = thread;
            handlers = new ConnectionHandlers(server.handler, OnLeft);
        }

        internal LoopThread Thread { get; }

        internal GroupAcceptor? Acceptor => acceptor;

        internal int Count => Volatile.Read(ref count);

        internal bool IsHandledBy(LoopTask? task) => handlers.IsHandledBy(task);

        internal void Open(LoopSocket listener)
        {
            if (closed)
            {
                listener.Close();
            }
            else
            {
                acceptor = new GroupAcceptor(server, listener, this, null);
            }
        }

        internal void Close()
        {
            closed = true;
            acceptor?.Stop();
        }

        /// <summary>Any thread: counts one more on its way.</summary>
        internal void Enter()
        {
            Interlocked.Increment(ref count);
            Thread.AddConnections(1);
        }

        /// <summary>Any thread: counts one that has ended, or will not come.</summary>
        internal void Leave()
        {
            Interlocked.Decrement(ref count);
            Thread.AddConnections(-1);
            server.LeaveRoom();
        }

        internal void Serve(LoopSocket socket)
        {
            Thread.Loop.Residents.Add(this);
            handlers.Serve(socket);
        }

        // A handler that its loop abandons never ends, and its connection must not count for ever: others serve in the loop's place.
        void ILoopResident.OnLoopClosing() => handlers.GiveUp();

        private void OnLeft()
        {
            if (handlers.Count == 0)
            {
                Thread.Loop.Residents.Remove(this);
            }

            Leave();
        }

        /// <summary>Any loop.</summary>
        internal async Coroutine<ServerStopResult> StopAsync(TimeSpan? timeout)
        {
            try
            {
                return ReferenceEquals(LoopCore.Required, Thread.Core)
                    ? await handlers.StopAsync(timeout)
                    : await RemoteWork<ServerStopResult>.On(Thread, () => handlers.StopAsync(timeout));
            }
            catch (ObjectDisposedException) when (Thread.Loop.IsEnding)
            {
                return new ServerStopResult([], 0);      // the loop's end has done it
            }
        }
    }

    /// <summary>Accepts connections, for the loop that it is on, or for the least loaded one.</summary>
    private sealed class GroupAcceptor(GroupServer server, LoopSocket listener, Seat? own, Action? onClosed) : Acceptor(listener, onClosed)
    {
        private protected override bool HasRoom => server.HasRoom;

        private protected override bool TryEnter() => server.TryEnter();

        private protected override void Serve(LoopSocket accepted)
        {
            Interlocked.Increment(ref server.accepted);
            if (own is not null)
            {
                own.Enter();
                own.Serve(accepted);
                return;
            }

            var seat = server.seats[server.group.PickLeastLoaded().Index];
            seat.Enter();
            SocketHandOff.Send(accepted.Leave(), seat.Thread.Core, seat.Serve, seat.Leave);
        }
    }
}
