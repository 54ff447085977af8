using System.Net;
using System.Net.Sockets;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>Fetches pages over one connection; the calling thread waits.</summary>
internal sealed class BlockingClient : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] buffer = new byte[Reply.MostBytes];

    public BlockingClient(int port) => socket.Connect(new IPEndPoint(IPAddress.Loopback, port));

    /// <returns>The page; good until the next.</returns>
    public ReadOnlyMemory<byte> Fetch()
    {
        socket.Send(Reply.Request);
        for (int filled = 0; ;)
        {
            int received = socket.Receive(buffer.AsSpan(filled));
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
