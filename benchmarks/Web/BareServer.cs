using System.Net;
using EventLoop.Net;

namespace EventLoop.Benchmarks.Web;

/// <summary>The bound: a loop on connections that looks for the end of a head and answers.</summary>
internal static class BareServer
{
    private static readonly byte[] Answer =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: Sun, 29 Nov 2026 00:00:00 GMT\r\nServer: bare\r\nContent-Length: 13\r\n\r\nHello, World!"u8.ToArray();

    internal static int Run(int port)
    {
        var thread = new Thread(() => Loop.Run(async () =>
        {
            await using var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, port), GuardAsync);
            await server.WaitForStopAsync();
        })) { IsBackground = true };
        thread.Start();
        Figures.Answer();
        return 0;
    }

    private static async Coroutine GuardAsync(Connection connection)
    {
        try
        {
            await ServeAsync(connection);
        }
        catch (IOException)
        {
            // The generator has gone.
        }
    }

    private static async Coroutine ServeAsync(Connection connection)
    {
        while (true)
        {
            var read = await connection.Input.ReadAsync();
            var buffer = read.Buffer;
            int answers = 0;
            while (TakeHead(ref buffer))
            {
                answers++;
            }

            connection.Input.AdvanceTo(buffer.Start, buffer.End);
            if (answers == 0 && read.IsCompleted)
            {
                return;
            }

            for (int i = 0; i < answers; i++)
            {
                Answer.CopyTo(connection.Output.GetSpan(Answer.Length));
                connection.Output.Advance(Answer.Length);
            }

            await connection.Output.FlushAsync();
        }
    }

    private static bool TakeHead(ref System.Buffers.ReadOnlySequence<byte> buffer)
    {
        if (buffer.IsSingleSegment)
        {
            int end = buffer.FirstSpan.IndexOf("\r\n\r\n"u8);
            if (end < 0)
            {
                return false;
            }

            buffer = buffer.Slice(end + 4);
            return true;
        }

        var reader = new System.Buffers.SequenceReader<byte>(buffer);
        if (!reader.TryReadTo(out System.Buffers.ReadOnlySequence<byte> _, "\r\n\r\n"u8))
        {
            return false;
        }

        buffer = buffer.Slice(reader.Position);
        return true;
    }
}
