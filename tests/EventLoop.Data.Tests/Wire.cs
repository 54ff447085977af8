using EventLoop.Net;

namespace EventLoop.Data.Tests;

/// <summary>The way to a server: it can fall silent, be cut, and come back.</summary>
/// <remarks>It turns on a loop and thread of its own, as a network does: a driver that blocks the test's loop until
/// its server answers is measured, and not made to wait for itself.</remarks>
internal sealed class Wire : IAsyncDisposable
{
    private readonly Loop loop;
    private readonly Thread thread;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<Connection> open = [];       // this and what follows: of the wire's loop
    private readonly AsyncEvent flows = new();
    private LoopFuture? end;

    public Wire(string host, int port)
    {
        var ready = new TaskCompletionSource<(Loop, int)>();
        thread = new Thread(() =>
        {
            Loop.Run(async Coroutine () =>
            {
                flows.Set();
                end = new LoopFuture();
                await using var listener = Tcp.Listen("127.0.0.1", 0, connection => ForwardAsync(connection, host, port));
                ready.SetResult((Loop.Current, ((System.Net.IPEndPoint)listener.EndPoint).Port));
                await end;
            });
            ended.SetResult();
        }) { IsBackground = true, Name = "wire" };
        thread.Start();
        (loop, Port) = ready.Task.Result;
    }

    public int Port { get; }

    /// <summary>Nothing arrives any more, on either side, and nobody is told.</summary>
    public void Silence() => loop.Submit(flows.Clear).Wait();

    public void Restore() => loop.Submit(flows.Set).Wait();

    /// <summary>Everybody gets a reset.</summary>
    public void Cut() => loop.Submit(() => open.ToList().ForEach(static connection => connection.Abort())).Wait();

    public async ValueTask DisposeAsync()
    {
        Restore();
        Cut();
        await loop.Submit(() => { end!.TrySetResult(); });
        await ended.Task;
    }

    private async Coroutine ForwardAsync(Connection connection, string host, int port)
    {
        await flows.WaitAsync();
        await using var server = await Tcp.ConnectAsync(host, port);
        open.Add(connection);
        open.Add(server);
        try
        {
            await TaskGroup.Run(async group =>
            {
                group.StartSoon(PumpAsync(connection, server));
                group.StartSoon(PumpAsync(server, connection));
            });
        }
        catch (Exception broken) when (broken is AggregateException or IOException or ObjectDisposedException)
        {
        }
        finally
        {
            open.Remove(connection);
            open.Remove(server);
        }
    }

    private async Coroutine PumpAsync(Connection from, Connection to)
    {
        while (true)
        {
            var read = await from.Input.ReadAsync();
            await flows.WaitAsync();
            foreach (var part in read.Buffer)
            {
                await to.WriteAsync(part);
            }

            from.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                await to.ShutdownWriteAsync();
                return;
            }
        }
    }
}
