using EventLoop.Net;

namespace EventLoop.Data.Tests;

/// <summary>The way to a server, on the test's loop: it can fall silent, be cut, and come back.</summary>
internal sealed class Wire : IAsyncDisposable
{
    private readonly Server listener;
    private readonly HashSet<Connection> open = [];
    private readonly AsyncEvent flows = new();

    public Wire(string host, int port)
    {
        flows.Set();
        listener = Tcp.Listen("127.0.0.1", 0, async connection =>
        {
            Accepted++;
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
        });
        Port = ((System.Net.IPEndPoint)listener.EndPoint).Port;
    }

    public int Port { get; }

    public int Accepted { get; private set; }

    /// <summary>Nothing arrives any more, on either side, and nobody is told.</summary>
    public void Silence() => flows.Clear();

    public void Restore() => flows.Set();

    /// <summary>Everybody gets a reset.</summary>
    public void Cut()
    {
        foreach (var connection in open.ToList())
        {
            connection.Abort();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Restore();
        Cut();
        await listener.StopAsync(TimeSpan.Zero);
        await listener.DisposeAsync();
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
