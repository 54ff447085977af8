using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Polling;

namespace EventLoop.Tests.Net;

public sealed class EndPointOnEpollTests() : EndPointTests(PollerKind.Epoll);

public sealed class EndPointOnPortableTests() : EndPointTests(PollerKind.Portable);

/// <summary>Who stands where, who knows it and for how long; names, and what is said when there is no way.</summary>
public abstract class EndPointTests(PollerKind poller) : IoTest(poller)
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("::ffff:0.0.0.0")]
    public void An_accepted_connection_knows_both_ends_when_its_peer_is_gone_and_when_it_is_closed(string listensAt) => RunIo(async () =>
    {
        using var listener = new LoopSocket(IPAddress.Parse(listensAt).AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (listensAt.StartsWith("::", StringComparison.Ordinal))
        {
            listener.Device.Set(SocketSetting.IPv6Only, 0);
        }

        listener.Bind(new IPEndPoint(IPAddress.Parse(listensAt), 0));
        listener.Listen();
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        for (int i = 0; i < 2; i++)
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(IPAddress.Loopback, port);
            int clientPort = ((IPEndPoint)client.LocalEndPoint!).Port;
            client.LingerState = new LingerOption(true, 0);
            client.Close();
            var accepted = await listener.AcceptAsync();
            (await Catch(accepted.ReceiveAsync(new byte[1]))).Should().BeOfType<SocketException>().Which.Message.Should().Contain($":{clientPort}");
            if (i == 1)
            {
                accepted.Close();      // nobody has asked before
            }

            var (local, remote) = ((IPEndPoint)accepted.LocalEndPoint!, (IPEndPoint)accepted.RemoteEndPoint!);
            (local.Port, remote.Port).Should().Be((port, clientPort));
            local.Address.MapToIPv4().Should().Be(IPAddress.Loopback);
            remote.Address.MapToIPv4().Should().Be(IPAddress.Loopback);
            accepted.Close();
            accepted.ToString().Should().Contain($"{port}").And.Contain($"{clientPort}");
        }
    });

    [Fact]
    public void An_address_of_IPv4_in_an_IPv6_one_is_connected_to() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, static async connection => await connection.WriteAsync("here\n"));
        var mapped = new IPEndPoint(IPAddress.Loopback.MapToIPv6(), ((IPEndPoint)server.EndPoint).Port);
        await using var client = await Tcp.ConnectAsync(mapped);
        (await client.ReadLineAsync()).Should().Be("here");
    });

    [Fact]
    public void A_socket_that_has_connected_knows_both_ends_when_it_is_closed_and_when_its_loop_is()
    {
        LoopSocket? left = null;
        Connection? served = null;
        RunLoop(
            async () =>
            {
                var accepted = Loop.Current.CreateFuture<Connection>();
                await using var server = Tcp.Listen(AnyPort, async Coroutine (connection) =>
                {
                    accepted.TrySetResult(connection);
                    await connection.ReadToEndAsync();
                });
                var client = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                client.LocalEndPoint.Should().BeNull("it is not bound");
                await client.ConnectAsync(server.EndPoint);
                (served, left) = (await accepted, client);
            },
            IoOptions);
        left!.RemoteEndPoint.Should().Be(served!.LocalEndPoint).And.NotBeNull();
        left.LocalEndPoint.Should().Be(served.RemoteEndPoint).And.NotBeNull();
        OnThread(() => served.RemoteEndPoint.Should().Be(left.LocalEndPoint));
    }

    [Fact]
    public void A_connect_that_takes_too_long_names_its_end_point() => RunIo(async () =>
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "where a full backlog leaves connects unanswered");
        using var listener = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(AnyPort);
        listener.Listen(0);
        var connects = Enumerable.Range(0, 4).Select(_ => Loop.CreateTask(Tcp.ConnectAsync(listener.LocalEndPoint!))).ToArray();
        await Until(() => connects.Any(static connect => connect.IsCompleted));
        var options = new ConnectOptions { Timeout = TimeSpan.FromMilliseconds(30) };
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        foreach (var late in new[] { Tcp.ConnectAsync(listener.LocalEndPoint!, options), Tcp.ConnectAsync("127.0.0.1", port, options),
            Tcp.ConnectAsync(new DnsEndPoint("127.0.0.1", port), options) })
        {
            (await Catch(late)).Should().BeOfType<TimeoutException>().Which.Message.Should().Contain($"127.0.0.1:{port}").And.Contain("00:00:00.03");
        }

        foreach (var connect in connects)
        {
            connect.Cancel();
            if (await Catch(connect) is null)
            {
                connect.Result.Abort();
            }
        }
    });

    [Fact]
    public void A_name_with_an_address_family_gets_no_other() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, static async connection => await connection.ReadToEndAsync());
        int port = ((IPEndPoint)server.EndPoint).Port;
        await using var connection = await Tcp.ConnectAsync(new DnsEndPoint("localhost", port, AddressFamily.InterNetwork));
        connection.RemoteEndPoint!.AddressFamily.Should().Be(AddressFamily.InterNetwork);
        var refused = (await Catch(Tcp.ConnectAsync(new DnsEndPoint("127.0.0.1", port,
            AddressFamily.InterNetworkV6)))).Should().BeOfType<SocketException>().Subject;
        refused.Message.Should().Contain($"127.0.0.1:{port}").And.Contain("no IPv6 address");
        refused = (await Catch(Tcp.ConnectAsync("127.0.0.1", port,
            new ConnectOptions { LocalEndPoint = new IPEndPoint(IPAddress.IPv6Loopback, 0) }))).Should().BeOfType<SocketException>().Subject;
        refused.Message.Should().Contain("no IPv6 address");
    });

    [Fact]
    public void Names_are_refused_in_words_where_nobody_resolves_them() => RunIo(async () =>
    {
        var name = new DnsEndPoint("localhost", 4000);
        using var socket = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await using var datagrams = Udp.Bind(AnyPort);
        Action[] calls =
        [
            () => socket.Bind(name),
            () => socket.ConnectAsync(name),
            () => datagrams.SendToAsync(new byte[1], name),
            () => datagrams.SendManyAsync(new DatagramMessage[] { new() { Buffer = new byte[1], RemoteEndPoint = datagrams.LocalEndPoint },
                new() { Buffer = new byte[1], RemoteEndPoint = name } }),
            () => Tcp.Listen(name, static async _ => { }),
            () => Tcp.Listen("example.org", 0, static async _ => { }),
        ];
        foreach (var call in calls)
        {
            call.Should().Throw<ArgumentException>().Which.Message.Should().MatchRegex("is a name|names are not resolved");
        }

        socket.LocalEndPoint.Should().BeNull();
        await using var server = Tcp.Listen(AnyPort, static async connection => await connection.ReadToEndAsync());
        await socket.ConnectAsync(server.EndPoint);
    });

    [Fact]
    public void A_server_listens_at_a_host_and_a_port() => RunIo(async () =>
    {
        Server[] servers =
        [
            Tcp.Listen("127.0.0.1", 0, static async connection => await connection.WriteAsync("1")),
            Tcp.Listen("localhost", 0, static async Task (connection) => await connection.WriteAsync("2")),
            Tcp.Listen("*", 0, static async Coroutine (connection) => await connection.WriteAsync("3"), new ListenOptions { Backlog = 5 }),
            Tcp.Listen(null, 0, Hello),
            Tcp.Listen("", 0, HelloTask),
        ];
        foreach (var server in servers)
        {
            await using var connection = await Tcp.ConnectAsync("127.0.0.1", ((IPEndPoint)server.EndPoint).Port);
            (await connection.ReadToEndAsync()).Should().HaveCount(1);
            await server.StopAsync(Seconds(1));
        }

        static async Coroutine Hello(Connection connection) => await connection.WriteAsync("4");
        static async Task HelloTask(Connection connection) => await connection.WriteAsync("5");
        Action tooHigh = static () => Tcp.Listen("127.0.0.1", 65_536, Hello);
        tooHigh.Should().Throw<ArgumentOutOfRangeException>();
    });

    [Fact]
    public void A_call_from_a_wrong_thread_is_refused_and_has_no_effect() => RunIo(async () =>
    {
        static void Refused(Action call) => OnThread(() => call.Should().Throw<InvalidOperationException>());

        using var socket = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Refused(() => socket.Bind(AnyPort));
        socket.LocalEndPoint.Should().BeNull("it is not bound");
        socket.Bind(AnyPort);
        Refused(() => socket.Listen());
        (await Catch(Tcp.ConnectAsync(socket.LocalEndPoint!))).Should().BeOfType<SocketException>("nobody listens").Which.SocketErrorCode.Should().Be(SocketError.ConnectionRefused);

        var (client, server) = await ConnectPair();
        Refused(client.ShutdownSend);
        await client.SendAsync(new byte[3]);
        (await server.ReceiveAsync(new byte[8])).Should().Be(3, "the sending direction was left as it was");
        client.Close();
        server.Close();
    });

    [Fact]
    public void A_server_is_not_stopped_by_another_loop() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, static async connection => await connection.WriteAsync("hello"));
        OnThread(() => RunLoop(
            async () => (await Catch(server.StopAsync(Seconds(1)))).Should().BeOfType<InvalidOperationException>(),
            IoOptions));
        server.IsListening.Should().BeTrue();
        await using var connection = await Tcp.ConnectAsync(server.EndPoint);
        (await connection.ReadToEndAsync()).Should().HaveCount(5);
    });

    [Fact]
    public void Errors_without_a_peer_say_that_there_is_none() => RunIo(async () =>
    {
        using var socket = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Invoking(static it =>
            it.ShutdownSend()).Should().Throw<SocketException>().Which.Message.Should().StartWith("shut down sending to a socket without an address failed");
        socket.Bind(AnyPort);
        socket.Close();
        (await Catch(socket.SendAsync(new byte[1]))).Should().BeOfType<ObjectDisposedException>().Which.Message.Should().Contain("127.0.0.1:");
    });
}
