using System.Net;
using System.Net.Sockets;
using EventLoop.Net;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>Fetches pages over one connection; no thread waits, and what comes next runs on the loop's thread.</summary>
internal sealed class LoopClient : IDisposable
{
    private readonly LoopSocket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] buffer = new byte[Reply.MostBytes];

    public Coroutine ConnectAsync(int port) => socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));

    /// <returns>The page; good until the next.</returns>
    public async Coroutine<ReadOnlyMemory<byte>> FetchAsync()
    {
        await socket.SendAsync(Reply.Request);
        for (int filled = 0; ;)
        {
            int received = await socket.ReceiveAsync(buffer.AsMemory(filled));
            Reply.ThrowIfEnd(received);
            filled += received;
            if (Reply.BodyOf(buffer.AsSpan(0, filled)) is >= 0 and var body)
            {
                return buffer.AsMemory(body..filled);
            }
        }
    }

    public void Dispose() => socket.Dispose();
}
