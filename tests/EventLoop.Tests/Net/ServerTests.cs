using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.Tests.Net;

public sealed class ServerOnEpollTests() : ServerTests(PollerKind.Epoll);

public sealed class ServerOnPortableTests() : ServerTests(PollerKind.Portable);

public abstract class ServerTests(PollerKind poller) : IoTest(poller)
{
    private static async Coroutine Echo(Connection connection)
    {
        while (await connection.ReadLineAsync() is { } line)
        {
            await connection.WriteAsync(line + "\n");
        }
    }

    private static int Port(Server server) => ((IPEndPoint)server.EndPoint).Port;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_connection_that_its_handler_never_waited_for_is_closed_with_its_loop_although_the_handler_has_not_ended(bool elsewhere)
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 5000 };
        var loop = new Loop(IoOptions) { ExceptionHandler = static (_, _) => { } };
        loop.RunUntilComplete(async () =>
        {
            var server = Tcp.Listen(AnyPort, static async Coroutine (_) => await Forever());
            client.Connect(server.EndPoint);
            await Until(() => server.ConnectionCount == 1);
        });
        if (elsewhere)
        {
            OnThread(loop.Dispose);
        }
        else
        {
            loop.Dispose();
        }

        client.Receive(new byte[1]).Should().Be(0);
    }

    [Fact]
    public void Each_connection_has_a_task_of_its_own() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, Echo);
        await Loop.Gather(Enumerable.Range(0, 50).Select(async Coroutine (i) =>
        {
            await using var client = await Tcp.ConnectAsync("127.0.0.1", Port(server));
            for (int k = 0; k < 5; k++)
            {
                await client.WriteAsync($"{i}-{k}\n");
                (await client.ReadLineAsync()).Should().Be($"{i}-{k}");
            }
        }));
        server.AcceptedCount.Should().Be(50);
        await server.StopAsync(Seconds(1));
        server.ConnectionCount.Should().Be(0);
    });

    [Fact]
    public void A_server_that_is_disposed_leaves_no_task_behind() => RunIo(async () =>
    {
        await using (Tcp.Listen(AnyPort, Echo))
        {
            await Yields(3);
        }

        Loop.AllTasks().Should().Equal(Loop.CurrentTask!);
    });

    [Fact]
    public void WaitForStopAsync_ends_with_the_last_handler_also_when_the_stop_was_cancelled() => RunIo(async () =>
    {
        var release = Loop.Current.CreateFuture();
        var server = Tcp.Listen(AnyPort, async Coroutine (_) => await Loop.Shield(release));
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await Until(() => server.ConnectionCount == 1);
        var waiting = Loop.CreateTask(server.WaitForStopAsync());
        var stopping = Loop.CreateTask(server.StopAsync());
        await Yields(3);
        stopping.Cancel();
        await Catch(stopping);
        waiting.IsCompleted.Should().BeFalse("a handler still runs");

        release.SetResult();

        await Loop.WaitFor(waiting, Seconds(5));
        server.ConnectionCount.Should().Be(0);
    });

    [Fact]
    public void WaitForStopAsync_ends_when_a_stop_without_handlers_was_cancelled_before_it_was_done() => RunIo(async () =>
    {
        var server = Tcp.Listen(AnyPort, Echo);
        var waiting = Loop.CreateTask(server.WaitForStopAsync());
        var stopping = Loop.CreateTask(server.StopAsync(), eager: true);
        stopping.Cancel();
        await Catch(stopping);

        await Loop.WaitFor(waiting, Seconds(5));
    });

    [Fact]
    public void Two_stops_both_end_when_the_last_handler_has() => RunIo(async () =>
    {
        var release = Loop.Current.CreateFuture();
        var server = Tcp.Listen(AnyPort, async Coroutine (_) => await Loop.Shield(release));
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await Until(() => server.ConnectionCount == 1);
        var first = Loop.CreateTask(server.StopAsync());
        await Yields(3);
        var second = Loop.CreateTask(server.StopAsync(Seconds(5)));
        await Yields(3);
        (first.IsCompleted, second.IsCompleted).Should().Be((false, false), "the handler has not ended");
        release.SetResult();
        await second;
        await first;
    });

    [Fact]
    public void A_handler_that_ends_in_its_first_step_is_not_counted_even_where_tasks_are_eager()
    {
        RunLoop(
            async () =>
            {
                await using var server = Tcp.Listen(AnyPort, static async Coroutine (_) => await Loop.Yield());
                for (int i = 1; i <= 3; i++)
                {
                    await using var client = await Tcp.ConnectAsync(server.EndPoint);
                    await Until(() => server.AcceptedCount == i && server.ConnectionCount == 0);
                }

                await using var quick = Tcp.Listen(AnyPort, static _ => default(Coroutine));
                await using var visitor = await Tcp.ConnectAsync(quick.EndPoint);
                await Until(() => quick.AcceptedCount == 1);
                await Yields(3);
                quick.ConnectionCount.Should().Be(0);
                await quick.StopAsync();
            },
            IoOptions with { EagerTasks = true });
    }

    [Fact]
    public void A_connection_that_is_accepted_in_the_turn_of_the_stop_is_not_served() => RunIo(async () =>
    {
        for (int turns = 1; turns < 140; turns++)
        {
            var server = Tcp.Listen(AnyPort, static async Coroutine (_) => await Forever());
            await Yields(3);
            using var visitor = new Socket(SocketType.Stream, ProtocolType.Tcp);
            visitor.Connect(server.EndPoint);
            await Yields(turns);      // one of these numbers ends between the poll and the step of the accept
            await server.StopAsync(TimeSpan.Zero);
            server.ConnectionCount.Should().Be(0, "after {0} turns", turns);
        }
    });

    [Fact]
    public void A_stop_lets_handlers_end() => RunIo(async () =>
    {
        var server = Tcp.Listen(AnyPort, Echo);
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.WriteAsync("one\n");
        (await client.ReadLineAsync()).Should().Be("one");
        var stopping = Loop.CreateTask(server.StopAsync(Seconds(5)));
        await Loop.Sleep(1);
        stopping.IsCompleted.Should().BeFalse();
        await client.WriteAsync("two\n");
        (await client.ReadLineAsync()).Should().Be("two");
        await client.ShutdownWriteAsync();
        var result = await stopping;
        result.Canceled.Should().Be(0);
        result.Aborted.Should().BeEmpty();
        (await Catch(Tcp.ConnectAsync(server.EndPoint))).Should().BeOfType<SocketException>();
    });

    [Fact]
    public void A_stop_cancels_and_then_aborts_what_does_not_end() => RunIo(async () =>
    {
        var release = Loop.Current.CreateFuture();
        var server = Tcp.Listen(AnyPort, async connection =>
        {
            while (!release.IsCompleted)
            {
                try
                {
                    await Loop.Shield(release);
                }
                catch (OperationCanceledException)
                {
                    // Heeds nothing.
                }
            }
        });
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await Until(() => server.ConnectionCount == 1);
        var result = await server.StopAsync(TimeSpan.FromMilliseconds(20));
        result.Canceled.Should().Be(1);
        result.Aborted.Should().ContainSingle().Which.Should().Be(client.LocalEndPoint);
        (await Catch(client.ReadLineAsync())).Should().BeAssignableTo<IOException>();
        release.SetResult();
        await Loop.Sleep(1);
    });

    [Fact]
    public void A_handler_that_fails_is_reported_and_resets_its_connection_only() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, async connection =>
        {
            if (await connection.ReadLineAsync() == "bad")
            {
                throw new FormatException("boom");
            }

            await connection.WriteAsync("fine\n");
        });
        await using var bad = await Tcp.ConnectAsync(server.EndPoint);
        await using var good = await Tcp.ConnectAsync(server.EndPoint);
        await bad.WriteAsync("bad\n");
        (await Catch(bad.ReadLineAsync())).Should().BeAssignableTo<IOException>();
        await good.WriteAsync("good\n");
        (await good.ReadLineAsync()).Should().Be("fine");
        Reported.Should().ContainSingle().Which.Exception.Should().BeOfType<FormatException>();
    });

    [Fact]
    public void Connections_beyond_the_limit_wait() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, Echo, new ListenOptions { MaxConnections = 2 });
        var clients = new List<Connection>();
        for (int i = 0; i < 3; i++)
        {
            clients.Add(await Tcp.ConnectAsync(server.EndPoint));
            await clients[i].WriteAsync("x\n");
        }

        (await clients[0].ReadLineAsync()).Should().Be("x");
        (await clients[1].ReadLineAsync()).Should().Be("x");
        await Loop.Sleep(2);
        server.ConnectionCount.Should().Be(2);
        await clients[0].DisposeAsync();
        (await clients[2].ReadLineAsync()).Should().Be("x");
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
    });

    [Fact]
    public void A_handler_may_not_stop_its_own_server() => RunIo(async () =>
    {
        Server? server = null;
        Exception? thrown = null;
        server = Tcp.Listen(AnyPort, async connection => thrown = await Catch(server!.StopAsync()));
        await using (var client = await Tcp.ConnectAsync(server.EndPoint))
        {
            await client.ReadToEndAsync();
        }

        thrown.Should().BeOfType<InvalidOperationException>();
        await server.StopAsync();
    });

    [Fact]
    public void A_port_in_use_is_named() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, Echo);
        Action again = () => Tcp.Listen(server.EndPoint, Echo);
        again.Should().Throw<SocketException>().WithMessage($"*{server.EndPoint}*").Which.SocketErrorCode.Should().Be(SocketError.AddressAlreadyInUse);
    });

    [Fact]
    public void A_connect_that_nobody_answers_names_host_and_reason() => RunIo(async () =>
    {
        int port;
        await using (var server = Tcp.Listen(AnyPort, Echo))
        {
            port = Port(server);
            await server.StopAsync();
        }

        (await Catch(Tcp.ConnectAsync("localhost", port))).Should().BeOfType<SocketException>().Which.Message.Should().Contain($":{port}");
        (await Catch(Tcp.ConnectAsync("no-such-host.invalid",
            80))).Should().BeOfType<SocketException>().Which.Message.Should().Contain("no-such-host.invalid:80");
    });

    [Fact]
    public void An_address_that_cannot_be_reached_is_named() => RunIo(async () =>
    {
        // No TCP connection leads to many machines.
        var failure = (await Catch(Tcp.ConnectAsync("224.0.0.1", 9))).Should().BeOfType<SocketException>().Subject;
        failure.SocketErrorCode.Should().Be(SocketError.NetworkUnreachable);
        failure.Message.Should().Contain("224.0.0.1:9");
    });

    [Fact]
    public void A_stop_without_a_limit_waits_for_the_handlers() => RunIo(async () =>
    {
        foreach (TimeSpan? never in new TimeSpan?[] { null, System.Threading.Timeout.InfiniteTimeSpan })
        {
            var server = Tcp.Listen(AnyPort, static async connection => await connection.ReadToEndAsync());
            await using var client = await Tcp.ConnectAsync(server.EndPoint);
            await Until(() => server.ConnectionCount == 1);
            var stopping = Loop.CreateTask(server.StopAsync(never));
            await Yields(5);
            stopping.IsCompleted.Should().BeFalse();
            await client.DisposeAsync();
            (await stopping).Canceled.Should().Be(0);
        }
    });

    [Fact]
    public void A_name_with_a_thousand_addresses_that_refuse_names_each() => RunIo(async () =>
    {
        var nobody = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        nobody.Bind(AnyPort);
        int port = ((IPEndPoint)nobody.LocalEndPoint!).Port;
        var addresses = Enumerable.Range(0, 1000).Select(static i => new IPAddress([127, 0, (byte)(1 + i / 250), (byte)(1 + i % 250)])).ToArray();
        var refused = (await Catch(new HappyEyeballs("host", port, addresses, new ConnectOptions()).RunAsync())).Should().BeOfType<SocketException>().Subject;
        refused.SocketErrorCode.Should().Be(SocketError.ConnectionRefused);
        refused.Message.Should().Contain($"127.0.1.1:{port}").And.Contain($"127.0.4.250:{port}");
        nobody.Close();
    });

    [Fact]
    public void A_name_with_several_addresses_finds_the_one_that_answers() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, Echo);
        var connection = await new HappyEyeballs("host", Port(server), [IPAddress.Parse("127.0.0.9"), IPAddress.Loopback, IPAddress.Loopback],
            new ConnectOptions()).RunAsync();
        connection.RemoteEndPoint.Should().Be(server.EndPoint);
        await connection.DisposeAsync();
    });

    [Fact]
    public void Two_listeners_share_a_port() => RunIo(async () =>
    {
        var options = new ListenOptions { ReusePort = true };
        await using var first = Tcp.Listen(AnyPort, Echo, options);
        await using var second = Tcp.Listen(first.EndPoint, Echo, options);
        for (int i = 0; i < 40; i++)
        {
            await using var client = await Tcp.ConnectAsync(first.EndPoint);
            await client.WriteAsync("x\n");
            await client.ReadLineAsync();
        }

        (first.AcceptedCount + second.AcceptedCount).Should().Be(40);
        first.AcceptedCount.Should().BePositive();
        second.AcceptedCount.Should().BePositive();
    });

    [Fact]
    public void Ten_thousand_short_connections_leave_nothing_behind() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, Echo);
        int most = Poller == PollerKind.Epoll ? 10_000 : 1000;
        await Loop.Gather(Enumerable.Range(0, 20).Select(async Coroutine (i) =>
        {
            for (int k = 0; k < most / 20; k++)
            {
                await using var client = await Tcp.ConnectAsync(server.EndPoint);
                await client.WriteAsync("x\n");
                (await client.ReadLineAsync()).Should().Be("x");
                if (k % 3 == 0)
                {
                    client.Abort();
                }
            }
        }));
        await Until(() => server.ConnectionCount == 0);
        server.AcceptedCount.Should().Be(most);
    });
}
