using System.Net.Sockets;
using EventLoop.Net.Connections;
using EventLoop.Net.Sockets;

namespace EventLoop.Net;

/// <summary>HttpClient whose connections are on the loop.</summary>
public static class LoopHttp
{
    /// <summary>A handler for <see cref="HttpClient"/>: connections are made, read and written by the running loop, and an HTTP/1.1 request on a warm
    /// connection never leaves its thread.</summary>
    /// <inheritdoc cref="CreateHandler(Loop)" path="/returns|/remarks"/>
    /// <exception cref="InvalidOperationException">No loop runs on this thread; use <see cref="CreateHandler(Loop)"/>.</exception>
    public static SocketsHttpHandler CreateHandler() => CreateHandler(Loop.Current);

    /// <summary>A handler for <see cref="HttpClient"/> whose connections are on <paramref name="loop"/>, for places where no loop runs, such as a handler
    /// factory or a service container.</summary>
    /// <param name="loop">Need not be running yet; requests wait until it is.</param>
    /// <returns>A handler that can be configured further like any other; whoever makes the client disposes it.</returns>
    /// <remarks>
    /// <para>For HTTP/1.1. .NET's HTTP/2 writes from a loop of its own behind a channel, on the thread pool, and each write would have to hop to the loop's
    /// thread: for HTTP/2 and gRPC use .NET's own handler.</para>
    /// <para><b>Thread:</b> any, for making and disposing it. The client may be used from any thread; away from the loop a request costs two hops.</para>
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

        return MakeHandler(loop);
    }

    /// <summary>The same also where the loop is closed: for factories, which replace handlers until the very end of an application.</summary>
    internal static SocketsHttpHandler MakeHandler(Loop loop) => new()
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        ConnectCallback = async (context, token) =>
        {
            var connection = await loop.Submit(() => Tcp.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port), token).ConfigureAwait(false);
            return connection.OpenStream(raw: true);
        },
    };
}
