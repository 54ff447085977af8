using System.Net;

namespace EventLoop.Net;

/// <summary>The connections of a server on one loop, each with the task that handles it. Loop thread only, except <see cref="Count"/>.</summary>
/// <param name="handler">The user's handler.</param>
/// <param name="onLeft">Called once for each connection that was served, when it has ended or was given up.</param>
internal sealed class ConnectionHandlers(Func<Connection, Coroutine> handler, Action onLeft)
{
    private readonly Dictionary<LoopTask, Connection> connections = [];      // by their handlers
    private LoopFuture? idle;
    private bool stopping;
    private bool canceledHandlers;

    /// <summary>Any thread; exact on the loop's thread.</summary>
    internal int Count => connections.Count;

    internal int Peak { get; private set; }

    internal bool IsHandledBy(LoopTask? task) => task is not null && connections.ContainsKey(task);

    /// <summary>Runs the handler in a task of its own.</summary>
    internal void Serve(LoopSocket socket)
    {
        if (stopping)
        {
            socket.Abort();
            onLeft();
            return;
        }

        var connection = new Connection(socket);
        connections.Add(Loop.CreateTask(HandleAsync(connection), eager: false), connection);      // it removes itself at its end
        if (connections.Count > Peak)
        {
            Peak = connections.Count;
        }
    }

    /// <summary>Called when no more connections come in; handlers may end by themselves, are cancelled after the timeout, and lose their connections if they
    /// do not respond even to that.</summary>
    /// <param name="timeout">Null or infinite: without limit.</param>
    internal async Coroutine<ServerStopResult> StopAsync(TimeSpan? timeout)
    {
        stopping = true;
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
                GiveUp();
            }
        }

        return new ServerStopResult(aborted, canceled);
    }

    /// <summary>Resets all of them and counts them as left: what their handlers still do concerns nobody any more.</summary>
    internal void GiveUp()
    {
        foreach (var connection in connections.Values.ToArray())
        {
            connection.Abort();
        }

        int given = connections.Count;
        connections.Clear();
        for (; given > 0; given--)
        {
            NoteLeft();
        }
    }

    /// <summary>Called when the loop is closed and handlers have not ended: closes the connections that the poller does not know, because they never had to
    /// wait; the others it closes itself. The loop's thread, or the one that closes a loop that does not run any more.</summary>
    internal void OnLoopClosing()
    {
        foreach (var connection in connections.Values)
        {
            if (connection.Socket.Device.IsKeptByUserOnly)
            {
                connection.Socket.CloseNow(abort: false);
            }
        }
    }

    private async Coroutine<bool> IdleWithin(TimeSpan? timeout)
    {
        if (connections.Count == 0)
        {
            return true;
        }

        if (Loop.IsOver(timeout))
        {
            return false;
        }

        idle ??= Loop.Current.CreateFuture();      // one for all waiters
        var result = await Loop.Wait([idle], timeout);
        return result.Done.Count > 0;
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
            connection.Abort();      // what it was about to send is cut off
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

                if (connections.Remove(self))
                {
                    NoteLeft();
                }
            }
        }

        // If a handler that the server has cancelled ends normally, it has swallowed nothing that was meant for anybody else.
        while (canceledHandlers && self.CancelRequests > 0)
        {
            self.Uncancel();
        }
    }

    private void NoteLeft()
    {
        if (connections.Count == 0)
        {
            idle?.TrySetResult();
            idle = null;
        }

        onLeft();
    }
}
