using System.Net;
using System.Net.Sockets;
using EventLoop.Combining;
using EventLoop.Net.Sockets.Sockets;

namespace EventLoop.Net;

/// <summary>A listener with a task for each connection. asyncio: <c>Server</c>.</summary>
/// <remarks><b>Thread:</b> the loop's.</remarks>
public sealed class Server : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ComplaintDelay = TimeSpan.FromSeconds(30);

    private readonly LoopSocket listener;
    private readonly Func<Connection, Coroutine> handler;
    private readonly int mostConnections;
    private readonly Dictionary<LoopTask, Connection> connections = [];      // by their handlers
    private readonly LoopTask accepting;
    private readonly LoopFuture stopped;
    private readonly Action? onClosed;
    private LoopFuture? room;
    private LoopFuture? idle;
    private bool stopping;
    private TimeSpan? lastComplaint;
    private long untold;               // failures since then
    private bool canceledHandlers;

    internal Server(LoopSocket listener, Func<Connection, Coroutine> handler, ListenOptions options, Action? onClosed = null)
    {
        this.listener = listener;
        this.handler = handler;
        this.onClosed = onClosed;
        mostConnections = options.MaxConnections ?? int.MaxValue;
        EndPoint = listener.LocalEndPoint!;
        stopped = Loop.Current.CreateFuture();
        accepting = Loop.CreateTask(AcceptAsync(), $"accept on {SocketErrors.Text(EndPoint)}");
        accepting.Watch(new EndWatcher(this));
    }

    /// <summary>Where it listens, with the port that it got.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>Connections whose handlers run.</summary>
    public int ConnectionCount => connections.Count;

    /// <summary>It accepts connections.</summary>
    public bool IsListening => !stopping;

    /// <summary>Connections accepted so far.</summary>
    public long AcceptedCount { get; private set; }

    /// <summary>Waits until the server is stopped. asyncio: <c>serve_forever</c>, but for cancellation, which stops only this wait.</summary>
    public Coroutine WaitForStopAsync() => Loop.Shield(stopped);

    /// <summary>Stops: accepts no more, lets handlers end, cancels those that are not done in time, and resets the connections of those that do not heed even that.</summary>
    /// <param name="timeout">How long handlers may take to end by themselves, and as long again when cancelled; null or infinite: for ever, zero: not at all.</param>
    /// <returns>What had to be cancelled and aborted.</returns>
    /// <exception cref="InvalidOperationException">It is called from a handler of this server, which would wait for itself.</exception>
    public async Coroutine<ServerStopResult> StopAsync(TimeSpan? timeout = null)
    {
        listener.Core.VerifyAccess("Server.StopAsync");
        timeout = timeout == System.Threading.Timeout.InfiniteTimeSpan ? null : timeout;
        if (Loop.CurrentTask is { } self && connections.ContainsKey(self))
        {
            throw new InvalidOperationException("A handler cannot wait for its own server to stop. Let another task do that.");
        }

        StopListening();
        int canceled = 0;
        IReadOnlyList<EndPoint?> aborted = [];
        if (!await IdleWithin(timeout))
        {
            canceled = connections.Count;
            canceledHandlers = true;
            foreach (var task in connections.Keys.ToArray())
            {
                task.Cancel("the server stops");
            }

            if (!await IdleWithin(timeout is { } time && time > TimeSpan.Zero ? time : TimeSpan.FromSeconds(1)))
            {
                aborted = [.. connections.Values.Select(static connection => connection.RemoteEndPoint)];
                foreach (var connection in connections.Values.ToArray())
                {
                    connection.Abort();
                }

                connections.Clear();
                NoteIdle();
            }
        }

        await Loop.Wait([accepting]);      // it knows already, and leaves nothing running behind
        return new ServerStopResult(aborted, canceled);
    }

    /// <summary>Stops without waiting for handlers that do not heed their cancellation.</summary>
    public ValueTask DisposeAsync() => new(StopAsync(TimeSpan.Zero).AsTask());

    private void StopListening()
    {
        if (!stopping)
        {
            stopping = true;
            listener.Close();
            room?.TrySetResult();
            onClosed?.Invoke();
        }
    }

    private async Coroutine<bool> IdleWithin(TimeSpan? timeout)
    {
        if (connections.Count == 0)
        {
            return true;
        }

        if (timeout is { } none && none <= TimeSpan.Zero)
        {
            return false;
        }

        idle ??= Loop.Current.CreateFuture();      // one for all who wait
        var result = await Loop.Wait([idle], timeout);
        return result.Done.Count > 0;
    }

    private async Coroutine AcceptAsync()
    {
        while (!stopping)
        {
            if (connections.Count >= mostConnections)
            {
                room = Loop.Current.CreateFuture();
                await room;
                room = null;
                continue;
            }

            try
            {
                var accepted = await listener.AcceptAsync();
                if (stopping)
                {
                    accepted.Abort();      // it came in the turn of the stop
                    return;
                }

                Serve(accepted);
            }
            catch (ObjectDisposedException) when (stopping || listener.IsClosed)
            {
                return;
            }
            catch (Exception failure) when (failure is SocketException or IOException)
            {
                // No descriptors or memory, as a rule: those who wait stay in the backlog until something is free again.
                Complain(failure);
                room = Loop.Current.CreateFuture();
                await Loop.Wait([room], RetryDelay);
                room = null;
            }
        }
    }

    // A line now and then, however often it fails: trouble of this kind comes by the thousand.
    private void Complain(Exception failure)
    {
        var now = Loop.Current.Time;
        if (lastComplaint is { } last && now - last < ComplaintDelay)
        {
            untold++;
            return;
        }

        string before = untold > 0 ? $" ({untold} more failures since the last report)" : "";
        lastComplaint = now;
        untold = 0;
        Loop.Current.CallExceptionHandler(new LoopExceptionContext($"The server on {SocketErrors.Text(EndPoint)} cannot accept for now, and tries again{before}", failure));
    }

    private void Serve(LoopSocket socket)
    {
        AcceptedCount++;
        _ = socket.RemoteEndPoint;       // once the connection is reset nobody can ask for it
        var connection = new Connection(socket);
        connections.Add(Loop.CreateTask(HandleAsync(connection), eager: false), connection);      // it takes itself out at its end
    }

    private async Coroutine HandleAsync(Connection connection)
    {
        var self = Loop.CurrentTask!;
        try
        {
            await handler(connection);
        }
        catch (Exception failure) when (failure is not LoopExitException)
        {
            connection.Abort();      // what it was about to say is cut
            if (failure is OperationCanceledException && self.CancelRequests > 0)
            {
                throw;
            }

            Loop.Current.CallExceptionHandler(new LoopExceptionContext($"The handler of the connection from {connection.Peer} failed", failure, self));
        }
        finally
        {
            try
            {
                if (connection.Close() is { } end)
                {
                    await Loop.Shield(end);
                }
            }
            finally
            {
                if (stopping && self.CancelRequests > 0)
                {
                    connection.Abort();
                }

                connections.Remove(self);
                room?.TrySetResult();
                NoteIdle();
            }
        }

        // A handler that ends in order although the server has cancelled it has swallowed nothing that was meant for anybody else.
        while (canceledHandlers && self.CancelRequests > 0)
        {
            self.Uncancel();
        }
    }

    private void NoteIdle()
    {
        if (connections.Count == 0)
        {
            idle?.TrySetResult();
            idle = null;
            NoteStopped();
        }
    }

    // Whoever asked for the stop may have given up waiting for it: it is over when nothing of it is left.
    private void NoteStopped()
    {
        if (stopping && connections.Count == 0 && accepting.IsCompleted)
        {
            stopped.TrySetResult();
        }
    }

    /// <summary>The end of accepting.</summary>
    private sealed class EndWatcher(Server server) : CompletionObserver
    {
        internal override void OnEnded(LoopAwaitable ended) => server.NoteStopped();
    }
}
