using System.Threading.Channels;
using EventLoop;
using EventLoop.Net;

namespace EchoClient;

/// <summary>Line by line: what is typed goes out, what comes back is printed.</summary>
internal static class Lines
{
    public static async Coroutine RunAsync(Func<Coroutine<Connection>> connect)
    {
        await using Connection connection = await connect();
        using ChannelReceiver<string> lines = StandardInput().ToReceiver();
        await foreach (string line in lines)
        {
            await connection.WriteAsync(line + "\n");
            string? echo = await connection.ReadLineAsync(limit: int.MaxValue);
            if (echo != line)
                throw new InvalidDataException(echo is null ? "The server ended before its echo." : $"The echo differs: '{echo}'.");
            Console.WriteLine(echo);
        }

        await connection.ShutdownWriteAsync();
        if (await connection.ReadToEndAsync() is { Length: > 0 } more)
            throw new InvalidDataException($"{more.Length} bytes came that nobody had sent.");
    }

    // Reading a terminal blocks, and not even Ctrl-C gets it out of that. So it is done by a thread that the end of the process does not wait for,
    // as the end of a loop would for its executor.
    private static ChannelReader<string> StandardInput()
    {
        var lines = Channel.CreateBounded<string>(16);
        var reading = new Thread(() =>
        {
            while (Console.In.ReadLine() is { } line)
                lines.Writer.WriteAsync(line).AsTask().Wait();
            lines.Writer.Complete();
        });
        reading.IsBackground = true;
        reading.Start();
        return lines.Reader;
    }
}
