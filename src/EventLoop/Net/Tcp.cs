using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using EventLoop.Tasks;

namespace EventLoop.Net;

/// <summary>TCP: connections and servers. asyncio: <c>open_connection</c>, <c>start_server</c>.</summary>
public static class Tcp
{
    /// <summary>Connects to a host. Names are resolved off the loop; of several addresses each next one is tried a moment later, and the first to answer wins (happy eyeballs, RFC 8305).</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <returns>The connection, which the caller disposes.</returns>
    /// <remarks><b>Thread:</b> the loop's. <b>Cancellation:</b> ends all attempts.</remarks>
    /// <exception cref="SocketException">No such host, or no address answered; each is named with its error.</exception>
    /// <exception cref="TimeoutException">The options' time was up.</exception>
    public static Coroutine<Connection> ConnectAsync(string host, int port, ConnectOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, IPEndPoint.MaxPort);
        options ??= new ConnectOptions();
        return options.Timeout is { } timeout ? Loop.WaitFor(Connect(host, port, options), timeout) : Connect(host, port, options);
    }

    /// <summary>Connects to an address.</summary>
    /// <param name="endPoint">Where to.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <returns>The connection, which the caller disposes.</returns>
    /// <inheritdoc cref="ConnectAsync(string, int, ConnectOptions?)" path="/remarks"/>
    /// <inheritdoc cref="ConnectAsync(string, int, ConnectOptions?)" path="/exception"/>
    public static Coroutine<Connection> ConnectAsync(EndPoint endPoint, ConnectOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        if (endPoint is DnsEndPoint name)
        {
            return ConnectAsync(name.Host, name.Port, options);
        }

        options ??= new ConnectOptions();
        return options.Timeout is { } timeout ? Loop.WaitFor(Attempt(endPoint, options), timeout) : Attempt(endPoint, options);
    }

    /// <summary>Listens, and runs <paramref name="handler"/> in a task of its own for each connection, which is disposed when the handler ends.</summary>
    /// <param name="endPoint">Port 0 takes a free one; the server's <see cref="Server.EndPoint"/> says which.</param>
    /// <param name="handler">What it throws goes to the loop's exception handler.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <returns>The server, which accepts already.</returns>
    /// <exception cref="SocketException">The address is in use, or is not this machine's.</exception>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    [OverloadResolutionPriority(1)]
    public static Server Listen(EndPoint endPoint, Func<Connection, Coroutine> handler, ListenOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(handler);
        options ??= new ListenOptions();
        return new Server(Sockets.Listen(endPoint, options), handler, options);
    }

    /// <inheritdoc cref="Listen(EndPoint, Func{Connection, Coroutine}, ListenOptions?)"/>
    public static Server Listen(EndPoint endPoint, Func<Connection, Task> handler, ListenOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Listen(endPoint, async Coroutine (connection) => await handler(connection), options);
    }

    internal static async Coroutine<Connection> Attempt(EndPoint endPoint, SocketOptions options)
    {
        var socket = Sockets.OpenStream(endPoint, options);
        try
        {
            if (options is ConnectOptions { LocalEndPoint: { } local })
            {
                socket.Bind(local);
            }

            await socket.ConnectAsync(endPoint);
            if (endPoint is IPEndPoint && Equals(socket.LocalEndPoint, endPoint))
            {
                throw SocketErrors.Failed("connect to", endPoint, SocketError.ConnectionRefused);      // to itself: nobody listens there
            }

            return new Connection(socket);
        }
        catch
        {
            socket.Close();
            throw;
        }
    }

    private static async Coroutine<Connection> Connect(string host, int port, ConnectOptions options)
    {
        var addresses = await Resolve(host, port);
        return addresses.Length == 1
            ? await Attempt(new IPEndPoint(addresses[0], port), options)
            : await new Race(host, port, Interleave(addresses), options).RunAsync();
    }

    private static async Coroutine<IPAddress[]> Resolve(string host, int port)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return [address];
        }

        try
        {
            var addresses = await Dns.GetHostAddressesAsync(host, Loop.CancellationToken).OnLoop();
            return addresses.Length > 0 ? addresses : throw new SocketException((int)SocketError.HostNotFound);
        }
        catch (SocketException failure)
        {
            throw new SocketException((int)failure.SocketErrorCode, $"connect to {host}:{port} failed: the name was not resolved: {SocketErrors.TextOf(failure.SocketErrorCode)}");
        }
    }

    // The first family first, then in turns, so that a dead family costs one head start and not one for each address.
    private static IPAddress[] Interleave(IPAddress[] addresses)
    {
        var first = Array.FindAll(addresses, address => address.AddressFamily == addresses[0].AddressFamily);
        var others = Array.FindAll(addresses, address => address.AddressFamily != addresses[0].AddressFamily);
        var mixed = new List<IPAddress>(addresses.Length);
        for (int i = 0; i < Math.Max(first.Length, others.Length); i++)
        {
            if (i < first.Length)
            {
                mixed.Add(first[i]);
            }

            if (i < others.Length)
            {
                mixed.Add(others[i]);
            }
        }

        return [.. mixed];
    }
}
