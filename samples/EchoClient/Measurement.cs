using System.Diagnostics;
using EventLoop;
using EventLoop.Net;

namespace EchoClient;

/// <summary>Messages of one size, each sent when the echo of the one before has come and is right.</summary>
internal static class Measurement
{
    public static async Coroutine RunAsync(Func<Coroutine<Connection>> connect, int connections, int count, int size)
    {
        var watch = Stopwatch.StartNew();
        await TaskGroup.Run(async Coroutine (group) =>
        {
            for (int i = 0; i < connections; i++)
                group.StartSoon(PingAsync(connect, i, count, size));
        });
        double seconds = watch.Elapsed.TotalSeconds;
        double messages = (double)connections * count;
        Console.WriteLine(
            $"{messages:0} messages of {size} bytes over {connections} connections in {seconds:0.00} s: "
            + $"{messages / seconds:0} messages/s, {messages * size / seconds / 1e6:0.0} MB/s each way; every echo was right");
    }

    private static async Coroutine PingAsync(Func<Coroutine<Connection>> connect, int seed, int count, int size)
    {
        await using Connection connection = await connect();
        var (message, echo) = (new byte[size], new byte[size]);
        new Random(seed).NextBytes(message);
        for (int i = 0; i < count; i++)
        {
            message[0] = (byte)i;

            // Sending waits when too much is under way, and then only reading makes room: a message beyond what both sides buffer needs both at once.
            if (size <= 64 * 1024)
            {
                await connection.WriteAsync(message);
                await connection.ReadExactlyAsync(echo);
            }
            else
            {
                await Loop.Gather(SendAsync(connection, message), connection.ReadExactlyAsync(echo));
            }

            if (!echo.AsSpan().SequenceEqual(message))
                throw new InvalidDataException($"The echo of message {i} differs.");
        }
    }

    private static async Coroutine SendAsync(Connection connection, byte[] message) => await connection.WriteAsync(message);
}
