using System.Net.Sockets;
using EventLoop.Net.Connections;
using EventLoop.Net.Sockets.Sockets;

namespace EventLoop.Net;

/// <summary>HttpClient whose connections live on the loop.</summary>
public static class LoopHttp
{
    /// <summary>A handler for <see cref="HttpClient"/>: connections are made, read and written by the running loop, and an HTTP/1.1 request on a warm connection never leaves its thread.</summary>
    /// <returns>To be set up further, as any other; whoever makes the client disposes it.</returns>
    /// <remarks>
    /// <para>For HTTP/1.1. .NET's HTTP/2 writes from a loop of its own behind a channel, on the thread pool, and each write would hop to the loop's thread: for HTTP/2 and gRPC take .NET's own handler.</para>
    /// <para><b>Thread:</b> made on the loop, whose connections it uses; the client may be used from any thread, at the price of two hops for a request.</para>
    /// </remarks>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static SocketsHttpHandler CreateHandler()
    {
        var loop = Loop.Current;
        return new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            ConnectCallback = async (context, token) =>
            {
                var connection = await loop.Submit(() => Tcp.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port), token).ConfigureAwait(false);
                return connection.OpenStream(raw: true);
            },
        };
    }
}
