using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using EventLoop.Net.Sockets;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>TCP: connections and servers. asyncio: <c>open_connection</c>, <c>start_server</c>.</summary>
public static class Tcp
{
    /// <summary>Connects to a host. Names are resolved off the loop; with several addresses each one is tried a moment after the previous, and the first to
    /// answer wins (happy eyeballs, RFC 8305).</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <returns>The connection, which the caller disposes.</returns>
    /// <remarks><b>Thread:</b> the loop's. <b>Cancellation:</b> ends all attempts.</remarks>
    /// <exception cref="SocketException">No such host, or no address answered; each is named with its error.</exception>
    /// <exception cref="TimeoutException">The time limit of the options elapsed.</exception>
    /// <example>
    /// <code>
    /// await using Connection connection = await Tcp.ConnectAsync("localhost", 7);
    /// await connection.WriteAsync("hello\n");
    /// Console.WriteLine(await connection.ReadLineAsync());
    /// </code>
    /// </example>
    public static Coroutine<Connection> ConnectAsync(string host, int port, ConnectOptions? options = null)
    {
        return ConnectAsync(host, port, AddressFamily.Unspecified, options ?? new ConnectOptions());
    }

    /// <summary>Connects to an address.</summary>
    /// <param name="endPoint">The destination. A <see cref="DnsEndPoint"/> with an address family uses addresses of that family only.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <returns>The connection, which the caller disposes.</returns>
    /// <inheritdoc cref="ConnectAsync(string, int, ConnectOptions?)" path="/remarks"/>
    /// <inheritdoc cref="ConnectAsync(string, int, ConnectOptions?)" path="/exception"/>
    public static Coroutine<Connection> ConnectAsync(EndPoint endPoint, ConnectOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        options ??= new ConnectOptions();
        return endPoint is DnsEndPoint name
            ? ConnectAsync(name.Host, name.Port, name.AddressFamily, options)
            : Within(Attempt(endPoint, options), options, SocketErrors.Text(endPoint));
    }

    /// <summary>Listens, and runs <paramref name="handler"/> in a task of its own for each connection, which is disposed when the handler ends.</summary>
    /// <param name="endPoint">Port 0 chooses a free one; <see cref="Server.EndPoint"/> says which.</param>
    /// <param name="handler">An exception goes to the loop's exception handler.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <returns>The server, which is accepting already.</returns>
    /// <exception cref="SocketException">The address is in use, or is not this machine's.</exception>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    [OverloadResolutionPriority(1)]
    public static Server Listen(EndPoint endPoint, Func<Connection, Coroutine> handler, ListenOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(handler);
        SocketErrors.RefuseName(endPoint, nameof(endPoint), "Tcp.Listen(host, port, handler) takes addresses and \"localhost\".");
        options ??= new ListenOptions();
        return new Server(SocketFactory.Listen(endPoint, options), handler, options);
    }

    /// <inheritdoc cref="Listen(EndPoint, Func{Connection, Coroutine}, ListenOptions?)"/>
    public static Server Listen(EndPoint endPoint, Func<Connection, Task> handler, ListenOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Listen(endPoint, async Coroutine (connection) => await handler(connection), options);
    }

    /// <summary>Listens on an address of this machine, and runs <paramref name="handler"/> in a task of its own for each connection, which is disposed when
    /// the handler ends.</summary>
    /// <param name="host">An address; "localhost"; null, "" or "*" for all addresses of this machine, IPv6 and IPv4. Other names are not resolved here.</param>
    /// <param name="port">0 chooses a free one; <see cref="Server.EndPoint"/> says which.</param>
    /// <param name="handler">An exception goes to the loop's exception handler.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <returns>The server, which is accepting already.</returns>
    /// <exception cref="ArgumentException">The host is a name.</exception>
    /// <inheritdoc cref="Listen(EndPoint, Func{Connection, Coroutine}, ListenOptions?)" path="/exception"/>
    /// <example>
    /// <code>
    /// await using Server server = Tcp.Listen("127.0.0.1", 8007, async connection =&gt;
    /// {
    ///     while (await connection.ReadLineAsync() is { } line)
    ///     {
    ///         await connection.WriteAsync(line + "\n");
    ///     }
    /// });
    /// await Loop.Sleep(TimeSpan.FromSeconds(10));      // serves meanwhile; then stops
    /// </code>
    /// </example>
    [OverloadResolutionPriority(1)]
    public static Server Listen(string? host, int port, Func<Connection, Coroutine> handler, ListenOptions? options = null) =>
        Listen(new IPEndPoint(AddressOf(host), Checked(port, least: 0)), handler, options);

    /// <inheritdoc cref="Listen(string, int, Func{Connection, Coroutine}, ListenOptions?)"/>
    public static Server Listen(string? host, int port, Func<Connection, Task> handler, ListenOptions? options = null) =>
        Listen(new IPEndPoint(AddressOf(host), Checked(port, least: 0)), handler, options);

    private static Coroutine<Connection> ConnectAsync(string host, int port, AddressFamily family, ConnectOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        return Within(Connect(host, Checked(port, least: 1), family, options), options, $"{host}:{port}");
    }

    private static async Coroutine<Connection> Within(Coroutine<Connection> connecting, ConnectOptions options, string target)
    {
        if (options.Timeout is not { } timeout)
        {
            return await connecting;
        }

        try
        {
            return await Loop.WaitFor(connecting, timeout);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"connect to {target} failed: there was no answer within {timeout}", late.InnerException);
        }
    }

    private static int Checked(int port, int least)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(port, least);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, IPEndPoint.MaxPort);
        return port;
    }

    private static IPAddress AddressOf(string? host) => host switch
    {
        null or "" or "*" => Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any,
        "localhost" => IPAddress.Loopback,
        _ when IPAddress.TryParse(host, out var address) => address,
        _ => throw new ArgumentException(
            $"'{host}' is a name, and a server does not resolve names. Pass an address of this machine, \"localhost\", or null for all; or resolve it with "
                + "Dns.GetHostAddressesAsync first.", nameof(host)),
    };

    internal static async Coroutine<Connection> Attempt(EndPoint endPoint, SocketOptions options)
    {
        var socket = SocketFactory.OpenStream(endPoint, options);
        try
        {
            if (options is ConnectOptions { LocalEndPoint: { } local })
            {
                socket.Bind(local);
            }

            await socket.ConnectAsync(endPoint);
            if (endPoint is IPEndPoint && Equals(socket.LocalEndPoint, endPoint))
            {
                throw SocketErrors.Failed("connect to", endPoint, SocketError.ConnectionRefused);      // connected to itself: nobody listens there
            }

            return new Connection(socket);
        }
        catch
        {
            socket.Close();
            throw;
        }
    }

    private static async Coroutine<Connection> Connect(string host, int port, AddressFamily family, ConnectOptions options)
    {
        var addresses = OfFamily(await Resolve(host, port), family, host, port);
        if (options.LocalEndPoint is { } local)
        {
            addresses = OfFamily(addresses, local.AddressFamily, host, port);
        }

        return addresses.Length == 1
            ? await Attempt(new IPEndPoint(addresses[0], port), options)
            : await new HappyEyeballs(host, port, Interleave(addresses), options).RunAsync();
    }

    private static async Coroutine<IPAddress[]> Resolve(string host, int port)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return [address];
        }

        try
        {
            var asking = Dns.GetHostAddressesAsync(host, Loop.TokenHere(isForOthers: false));
            var addresses = await Flight.Of(LoopCore.Running, asking).OnLoop();
            return addresses.Length > 0 ? addresses : throw new SocketException((int)SocketError.HostNotFound);
        }
        catch (SocketException failure)
        {
            throw new SocketException((int)failure.SocketErrorCode,
                $"connect to {host}:{port} failed: the name was not resolved: {SocketErrors.TextOf(failure.SocketErrorCode)}");
        }
    }

    private static IPAddress[] OfFamily(IPAddress[] addresses, AddressFamily family, string host, int port)
    {
        if (family == AddressFamily.Unspecified)
        {
            return addresses;
        }

        var fitting = Array.FindAll(addresses, address => address.AddressFamily == family);
        return fitting.Length > 0
            ? fitting
            : throw new SocketException((int)SocketError.NoData,
                $"connect to {host}:{port} failed: it has no {(family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4")} address");
    }

    // The first family first, then alternating, so that an unreachable family costs one head start and not one for each address.
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
