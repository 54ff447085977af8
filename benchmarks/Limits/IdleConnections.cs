using System.Diagnostics;
using System.Globalization;
using System.Net;
using EventLoop.Net;

namespace EventLoop.Benchmarks.Limits;

/// <summary>A server in a process of its own, whose memory is looked at from outside; and clients that say one thing and then nothing.</summary>
internal static class IdleConnections
{
    /// <summary>Answers each line of its input with the managed memory that is alive, in bytes, and ends when that ends: with the process that started it, at the
    /// latest.</summary>
    public static async Coroutine ServeAsync()
    {
        await using var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, 0), EchoAsync);
        Console.WriteLine(((IPEndPoint)server.EndPoint).Port.ToString(CultureInfo.InvariantCulture));
        while (await Loop.ToThread(Console.In.ReadLine) is not null)
        {
            Console.WriteLine(GC.GetTotalMemory(forceFullCollection: true).ToString(CultureInfo.InvariantCulture));
        }
    }

    public static async Coroutine<(Memory Empty, Memory Full)> MeasureAsync(int n)
    {
        using var server = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal)
            ? [typeof(IdleConnections).Assembly.Location, "serve"] : ["serve"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            var endPoint = new IPEndPoint(IPAddress.Loopback, int.Parse((await server.StandardOutput.ReadLineAsync().OnLoop())!, CultureInfo.InvariantCulture));

            // What the first connections load and compile is the empty server's.
            var clients = new List<Connection>(n + 10);
            await ConnectAsync(endPoint, 10, clients);
            var empty = await SettledAsync(server);
            await ConnectAsync(endPoint, n, clients);
            var full = await SettledAsync(server);
            GC.KeepAlive(clients);
            return (empty, full);
        }
        finally
        {
            server.Kill();
        }
    }

    private static async Coroutine EchoAsync(Connection connection)
    {
        while (true)
        {
            var result = await connection.Input.ReadAsync();
            foreach (var piece in result.Buffer)
            {
                await connection.WriteAsync(piece);
            }

            connection.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    private static async Coroutine ConnectAsync(IPEndPoint endPoint, int n, List<Connection> kept)
    {
        var message = new byte[1024];
        for (int i = 0; i < n; i++)
        {
            var client = await Tcp.ConnectAsync(endPoint);
            await client.WriteAsync(message);
            await client.ReadExactlyAsync(message);
            kept.Add(client);
        }
    }

    /// <param name="Resident">In MB.</param>
    /// <param name="Managed">In bytes.</param>
    internal sealed record Memory(double Resident, long Managed);

    // Once the resident memory has stood still for a moment.
    private static async Coroutine<Memory> SettledAsync(Process process)
    {
        long last = -1, now = 0;
        while (now != last)
        {
            await Loop.Sleep(500);
            process.Refresh();
            (last, now) = (now, process.WorkingSet64);
        }

        await process.StandardInput.WriteLineAsync("").OnLoop();
        return new Memory(now / 1e6, long.Parse((await process.StandardOutput.ReadLineAsync().OnLoop())!, CultureInfo.InvariantCulture));
    }
}
