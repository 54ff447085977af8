using System.Net.Sockets;
using EventLoop.Net.Connections;
using EventLoop.Net.Sockets;

namespace EventLoop.Net;

/// <summary>HttpClient whose connections live on the loop.</summary>
public static class LoopHttp
{
    /// <summary>A handler for <see cref="HttpClient"/>: connections are made, read and written by the running loop, and an HTTP/1.1 request on a warm
    /// connection never leaves its thread.</summary>
    /// <inheritdoc cref="CreateHandler(Loop)" path="/returns|/remarks"/>
    /// <exception cref="InvalidOperationException">No loop runs on this thread; <see cref="CreateHandler(Loop)"/> takes it from elsewhere.</exception>
    public static SocketsHttpHandler CreateHandler() => CreateHandler(Loop.Current);

    /// <summary>A handler for <see cref="HttpClient"/> whose connections live on <paramref name="loop"/>: what is to be made where no loop runs, as by a
    /// factory of handlers or a container of services.</summary>
    /// <param name="loop">It need not run yet; requests wait until it does.</param>
    /// <returns>To be set up further, as any other; whoever makes the client disposes it.</returns>
    /// <remarks>
    /// <para>For HTTP/1.1. .NET's HTTP/2 writes from a loop of its own behind a channel, on the thread pool, and each write would hop to the loop's thread: for
    /// HTTP/2 and gRPC take .NET's own handler.</para>
    /// <para><b>Thread:</b> any makes it and disposes it. The client may be used from any thread; away
    /// from the loop at the price of two hops for a request.</para>
    /// <para>After the loop's end requests fail with an <see cref="HttpRequestException"/> that says so.</para>
    /// </remarks>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public static SocketsHttpHandler CreateHandler(Loop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        if (loop.IsClosed)
        {
            Throw.Closed(loop.Name);
        }

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
