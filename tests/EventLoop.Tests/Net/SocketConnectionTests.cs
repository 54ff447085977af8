using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using EventLoop.Net;

namespace EventLoop.Tests.Net;

// That nothing is allocated is a promise of epoll's: by .NET's own sockets it is exceptions that tell that one would block.
public sealed class ConnectionOnEpollTests() : SocketConnectionTests(PollerKind.Epoll)
{
    [Fact]
    public void Pipes_allocate_nothing() => WithPair(async (client, server) =>
    {
        var echo = Loop.CreateTask(async () =>
        {
            while (true)
            {
                var result = await server.Input.ReadAsync();
                if (result.IsCompleted)
                {
                    return;
                }

                foreach (var piece in result.Buffer)
                {
                    server.Output.Write(piece.Span);
                }

                server.Input.AdvanceTo(result.Buffer.End);
                await server.Output.FlushAsync();
            }
        });
        byte[] message = new byte[100], answer = new byte[100];
        long allocated = long.MaxValue;
        for (var patience = Stopwatch.StartNew(); allocated > 1000 && patience.Elapsed < Seconds(5);)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                await client.WriteAsync(message);
                await client.ReadExactlyAsync(answer);
            }

            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        allocated.Should().BeLessThan(1000, "1000 exchanges");

        await client.ShutdownWriteAsync();
        await echo;
    });
}

public sealed class ConnectionOnPortableTests() : SocketConnectionTests(PollerKind.Portable);

public abstract class SocketConnectionTests(PollerKind poller) : ConnectionTests(poller)
{
    protected override async Coroutine<(Connection Client, Connection Server)> Pair()
    {
        var (client, server) = await ConnectPair();
        return (new Connection(client), new Connection(server));
    }

    [Fact]
    public void A_read_on_another_thread_ends_when_the_loop_is_closed()
    {
        Task<int>? reading = null;
        RunLoop(
            async () =>
            {
                var (client, server) = await Pair();
                var stream = client.AsStream();
                reading = Task.Run(async () => await stream.ReadAsync(new byte[1]));
                await Until(() => client.Socket.IsReceiving);
                GC.KeepAlive(server);      // forgotten it would be closed, and that would be the end of the read
            },
            IoOptions);
        OnThread(() => ((Func<Task>)(async () => await reading!)).Should().ThrowAsync<ObjectDisposedException>().GetAwaiter().GetResult());
    }

    [Fact]
    public void A_read_that_its_token_cancels_is_a_canceled_task() => WithPair(async (client, server) =>
    {
        using var giveUp = new CancellationTokenSource();
        var reading = server.AsStream().ReadAsync(new byte[1], 0, 1, giveUp.Token);
        await Loop.Yield();
        giveUp.Cancel();
        await Loop.Wait([Loop.CreateTask(async () => await reading)]);
        reading.IsCanceled.Should().BeTrue();
    });
}

internal static class PipeWriterWrites
{
    internal static void Write(this PipeWriter writer, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(writer.GetSpan(bytes.Length));
        writer.Advance(bytes.Length);
    }
}
