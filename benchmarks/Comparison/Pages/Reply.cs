using System.Buffers.Text;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>The little of HTTP that every way shares: one request, and where its answer ends.</summary>
internal static class Reply
{
    public const int MostBytes = 16 * 1024;

    public static byte[] Request { get; } = "GET /page/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray();

    /// <returns>Where the body begins once all of it is there; -1 before.</returns>
    public static int BodyOf(ReadOnlySpan<byte> received)
    {
        int head = received.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return -1;
        }

        if (!received.StartsWith("HTTP/1.1 200 "u8))
        {
            throw new InvalidDataException("The server did not answer with 200.");
        }

        var name = "\r\nContent-Length: "u8;
        int length = received[..head].IndexOf(name);
        if (length < 0 || !Utf8Parser.TryParse(received[(length + name.Length)..head], out int body, out _))
        {
            throw new InvalidDataException("The server did not say how long its answer is.");
        }

        head += "\r\n\r\n".Length;
        return received.Length == head + body ? head : -1;
    }

    public static void ThrowIfEnd(int received)
    {
        if (received == 0)
        {
            throw new EndOfStreamException("The server closed the connection in the middle of its answer.");
        }
    }
}
