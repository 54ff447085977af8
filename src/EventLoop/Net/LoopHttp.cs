using System.Net.Sockets;

namespace EventLoop.Net;

/// <summary>HttpClient whose connections live on the loop.</summary>
public static class LoopHttp
{
    /// <summary>A handler for <see cref="HttpClient"/>: connections are made, read and written by the running loop, and a request on a warm connection never leaves its thread.</summary>
    /// <returns>To be set up further, as any other; whoever makes the client disposes it.</returns>
    /// <remarks><b>Thread:</b> made on the loop, whose connections it uses; the client may be used from any thread, at the price of two hops for a request.</remarks>
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
                return new ConnectionStream(connection, raw: true);
            },
        };
    }
}
