using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using EventLoop.Net;

namespace EventLoop.Tests.Net;

public sealed class ConnectionOnEpollTests() : SocketConnectionTests(PollerKind.Epoll);

public sealed class ConnectionOnPortableTests() : SocketConnectionTests(PollerKind.Portable);

public abstract class SocketConnectionTests(PollerKind poller) : ConnectionTests(poller)
{
    protected override async Coroutine<(Connection Client, Connection Server)> Pair()
    {
        var (client, server) = await ConnectPair();
        return (new Connection(client), new Connection(server));
    }

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

        if (Poller == PollerKind.Epoll)
        {
            allocated.Should().BeLessThan(1000, "1000 exchanges");
        }

        await client.ShutdownWriteAsync();
        await echo;
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
