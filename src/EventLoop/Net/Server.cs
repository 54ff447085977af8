using System.Net;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>A listener with a task for each connection. asyncio: <c>Server</c>.</summary>
/// <remarks><b>Thread:</b> the loop's.</remarks>
public sealed class Server : IAsyncDisposable, ICounted, ILoopResident
{
    private readonly ConnectionHandlers handlers;
    private readonly Acceptor acceptor;
    private readonly LoopFuture stopped;
    private readonly int? mostConnections;

    internal Server(LoopSocket listener, Func<Connection, Coroutine> handler, ListenOptions options, Action? onClosed = null)
    {
        stopped = Loop.Current.CreateFuture();
        handlers = new ConnectionHandlers(handler, OnLeft);
        mostConnections = options.MaxConnections;
        acceptor = new OwnAcceptor(this, listener, options.MaxConnections ?? int.MaxValue, onClosed);
        stopped.Core.Loop.Residents.Add(this);
    }

    /// <summary>The address where it listens, with the port that it got.</summary>
    public EndPoint EndPoint => acceptor.EndPoint;

    /// <summary>How many connections have running handlers.</summary>
    public int ConnectionCount => handlers.Count;

    /// <summary>The most connections that were handled at once.</summary>
    public int PeakConnectionCount => handlers.Peak;

    /// <summary>Whether it accepts connections.</summary>
    public bool IsListening => !acceptor.IsStopping;

    /// <summary>How many connections were accepted so far.</summary>
    public long AcceptedCount => acceptor.AcceptedCount;

    Diagnostics.WaitKind ICounted.Kind => Diagnostics.WaitKind.Socket;

    LoopCore? ICounted.UsedBy => stopped.IsCompleted ? null : stopped.Core;

    ResourceFigures ICounted.Figures => new(ConnectionCount, mostConnections, PeakConnectionCount, 0, 0);

    void ILoopResident.OnLoopClosing() => handlers.OnLoopClosing();

    /// <summary>Waits until the server is stopped; a cancellation ends only this wait. asyncio: <c>serve_forever</c>, except for that.</summary>
    public Coroutine WaitForStopAsync() => Loop.Shield(stopped);

    /// <summary>Stops the server: it accepts no more connections, lets handlers end, cancels those that take too long, and resets the connections of those
    /// that do not respond even to that.</summary>
    /// <param name="timeout">How long handlers may take to end by themselves, and then again after they were cancelled; null or infinite: without limit; zero:
    /// not at all.</param>
    /// <returns>What had to be cancelled and reset.</returns>
    /// <exception cref="InvalidOperationException">Called from a handler of this server, which would wait for itself.</exception>
    public async Coroutine<ServerStopResult> StopAsync(TimeSpan? timeout = null)
    {
        acceptor.VerifyAccess("Server.StopAsync");
        if (handlers.IsHandledBy(Loop.CurrentTask))
        {
            throw StopsItself();
        }

        acceptor.Stop();
        var result = await handlers.StopAsync(timeout);
        await acceptor.WaitForEnd();      // it has been notified already, and leaves nothing running behind
        return result;
    }

    /// <summary>Stops without waiting for handlers that do not respond to their cancellation.</summary>
    public ValueTask DisposeAsync() => new(StopAsync(TimeSpan.Zero).AsTask());

    internal static InvalidOperationException StopsItself() => new("A handler cannot wait for its own server to stop. Let another task do that.");

    private void OnLeft()
    {
        acceptor.NoteRoom();
        NoteStopped();
    }

    // Whoever asked for the stop may have given up waiting for it: the stop is complete when nothing is left.
    private void NoteStopped()
    {
        if (acceptor is { IsStopping: true, IsOver: true } && handlers.Count == 0)
        {
            stopped.TrySetResult();
            stopped.Core.Loop.Residents.Remove(this);
        }
    }

    private sealed class OwnAcceptor(Server server, LoopSocket listener, int mostConnections, Action? onClosed) : Acceptor(listener, onClosed)
    {
        private protected override bool HasRoom => server.handlers.Count < mostConnections;

        private protected override void Serve(LoopSocket accepted) => server.handlers.Serve(accepted);

        private protected override void OnOver() => server.NoteStopped();
    }
}
