using System.Net;
using System.Net.Sockets;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>Fetches pages over one connection; no thread waits, and what comes next runs on the thread pool.</summary>
internal sealed class AsyncClient : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] buffer = new byte[Reply.MostBytes];

    public ValueTask ConnectAsync(int port) => socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), CancellationToken.None);

    /// <returns>The page; good until the next.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> FetchAsync()
    {
        await socket.SendAsync(Reply.Request.AsMemory());
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
