using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Tests.Net;

namespace EventLoop.Tests.Groups;

public sealed class GroupServerOnEpollTests() : GroupServerTests(PollerKind.Epoll);

public sealed class GroupServerOnPortableTests() : GroupServerTests(PollerKind.Portable);

public abstract class GroupServerTests(PollerKind poller) : GroupTest(poller)
{
    private static async Coroutine Echo(Connection connection)
    {
        while (await connection.ReadLineAsync() is { } line)
        {
            await connection.WriteAsync(line + "\n");
        }
    }

    private GroupListenOptions Reuse => new() { Accept = AcceptMode.ReusePort };

    private static int Port(GroupServer server) => ((IPEndPoint)server.EndPoint).Port;

    [Fact]
    public void Connections_are_handled_on_all_loops_each_from_its_first_byte_to_its_last() => RunGroup(
        async group =>
        {
            var threads = new System.Collections.Concurrent.ConcurrentDictionary<string, HashSet<int>>();
            await using var server = group.Listen(AnyPort, async Coroutine (connection) =>
            {
                while (await connection.ReadLineAsync() is { } line)
                {
                    threads.GetOrAdd(line, static _ => []).Add(group.CurrentIndex);
                    await connection.WriteAsync($"{line}\n");
                }
            });
            await Loop.Gather(Enumerable.Range(0, 40).Select(async Coroutine (i) =>
            {
                await using var client = await Tcp.ConnectAsync("127.0.0.1", Port(server));
                for (int k = 0; k < 5; k++)
                {
                    await client.WriteAsync($"{i}\n");
                    (await client.ReadLineAsync()).Should().Be($"{i}");
                }
            }));
            server.AcceptedCount.Should().Be(40);
            threads.Should().HaveCount(40).And.OnlyContain(static pair => pair.Value.Count == 1);
            threads.Select(static pair => pair.Value.Single()).Distinct().Order().Should().Equal(0, 1, 2, 3);
            (await server.StopAsync(Seconds(1))).Canceled.Should().Be(0);
            server.ConnectionCounts.Should().Equal(0, 0, 0, 0);
        },
        Group with { Loops = 4 });

    [Fact]
    public void Long_connections_are_spread_evenly_by_hand_off() => RunGroup(
        async group =>
        {
            await using var server = group.Listen(AnyPort, Echo);
            var clients = new List<Connection>();
            for (int i = 0; i < 16; i++)
            {
                clients.Add(await Tcp.ConnectAsync(server.EndPoint));
            }

            await Until(() => server.ConnectionCounts.Sum() == 16);
            server.ConnectionCounts.Should().Equal(4, 4, 4, 4);
            group.Statistics.Connections.Should().Equal(4, 4, 4, 4);
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }

            await Until(() => server.ConnectionCounts.Sum() == 0);
            group.Statistics.Connections.Should().Equal(0, 0, 0, 0);
        },
        Group with { Loops = 4 });

    [Fact]
    public void The_next_connection_goes_where_the_fewest_are() => RunGroup(async group =>
    {
        await using var server = group.Listen(AnyPort, Echo);
        var clients = new List<(Connection Client, int Index)>();
        for (int i = 0; i < 6; i++)
        {
            int[] before = [.. server.ConnectionCounts];
            var client = await Tcp.ConnectAsync(server.EndPoint);
            await Until(() => server.ConnectionCounts.Sum() == i + 1);
            clients.Add((client, server.ConnectionCounts[0] > before[0] ? 0 : 1));
        }

        foreach (var (client, index) in clients.Where(static one => one.Index == 1))
        {
            await client.DisposeAsync();
        }

        await Until(() => server.ConnectionCounts[1] == 0);
        group.LeastLoaded.Should().BeSameAs(group.Loops[1]);
        await using var next = await Tcp.ConnectAsync(server.EndPoint);
        await Until(() => server.ConnectionCounts[1] == 1);
        foreach (var (client, _) in clients)
        {
            await client.DisposeAsync();
        }
    });

    [Fact]
    public void Listeners_that_share_a_port_serve_on_their_own_loops() => RunGroup(async group =>
    {
        var served = new int[2];
        await using var server = group.Listen(
            AnyPort,
            async Coroutine (connection) =>
            {
                Interlocked.Increment(ref served[group.CurrentIndex]);
                await Echo(connection);
            },
            Reuse);
        await Loop.Gather(Enumerable.Range(0, 64).Select(async Coroutine (i) =>
        {
            await using var client = await Tcp.ConnectAsync("127.0.0.1", Port(server));
            await client.WriteAsync("x\n");
            (await client.ReadLineAsync()).Should().Be("x");
        }));
        server.AcceptedCount.Should().Be(64);
        served.Sum().Should().Be(64);
        served.Should().OnlyContain(static count => count > 0);
    });

    [Fact]
    public void A_group_listens_from_any_of_its_loops_and_from_a_thread_without_one() => RunGroup(async group =>
    {
        foreach (var options in (GroupListenOptions[])[new(), Reuse])
        {
            await using var onLoop = await group.Loops[1].Submit(async Coroutine<GroupServer> () => group.Listen(AnyPort, Echo, options));
            await using var onThread = await Loop.ToThread(() => group.Listen(AnyPort, Echo, options));
            foreach (var server in (GroupServer[])[onLoop, onThread])
            {
                await using var client = await Tcp.ConnectAsync(server.EndPoint);
                await client.WriteAsync("x\n");
                (await client.ReadLineAsync()).Should().Be("x");
            }
        }
    });

    [Theory]
    [InlineData(AcceptMode.HandOff)]
    [InlineData(AcceptMode.ReusePort)]
    public void The_most_connections_are_of_all_loops_together(AcceptMode mode) => RunGroup(async group =>
    {
        int open = 0, most = 0;
        await using var server = group.Listen(
            AnyPort,
            async Coroutine (connection) =>
            {
                int now = Interlocked.Increment(ref open);
                InterlockedMax(ref most, now);
                await Echo(connection);
                Interlocked.Decrement(ref open);
            },
            new GroupListenOptions { Accept = mode, Listen = new ListenOptions { MaxConnections = 3 } });
        await Loop.Gather(Enumerable.Range(0, 40).Select(async Coroutine (i) =>
        {
            await using var client = await Tcp.ConnectAsync("127.0.0.1", Port(server));
            await client.WriteAsync("x\n");
            (await client.ReadLineAsync()).Should().Be("x");
        }));
        most.Should().BeInRange(1, 3);
    });

    private static void InterlockedMax(ref int most, int value)
    {
        int seen = Volatile.Read(ref most);
        while (value > seen)
        {
            int found = Interlocked.CompareExchange(ref most, value, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }

    [Fact]
    public void A_failing_handler_concerns_its_own_loop_and_its_connection_only() => RunGroup(async group =>
    {
        await using var server = group.Listen(AnyPort, async Coroutine (connection) =>
        {
            await connection.ReadLineAsync();
            throw new InvalidDataException("boom");
        });
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.WriteAsync("x\n");
        (await Catch(client.ReadLineAsync())).Should().BeOfType<IOException>();
        await Until(() => Reported.Count == 1);
        Reported[0].Exception.Should().BeOfType<InvalidDataException>();
    });

    [Theory]
    [InlineData(AcceptMode.HandOff)]
    [InlineData(AcceptMode.ReusePort)]
    public void A_stop_lets_handlers_end_cancels_those_that_do_not_and_resets_those_that_heed_nothing(AcceptMode mode) => RunGroup(async group =>
    {
        var server = group.Listen(
            AnyPort,
            async Coroutine (connection) =>
            {
                while (true)
                {
                    switch (await connection.ReadLineAsync())
                    {
                        case "stubborn":
                            await Loop.Shield(Forever());
                            break;
                        case null:
                            return;
                    }
                }
            },
            new GroupListenOptions { Accept = mode });
        var clients = new List<Connection>();
        for (int i = 0; i < 6; i++)
        {
            clients.Add(await Tcp.ConnectAsync(server.EndPoint));
        }

        await Until(() => server.ConnectionCounts.Sum() == 6);
        await clients[0].DisposeAsync();
        await Until(() => server.ConnectionCounts.Sum() == 5);
        var result = await server.StopAsync(Seconds(0.1));
        result.Canceled.Should().Be(5);
        server.ConnectionCounts.Sum().Should().Be(0);
        foreach (var client in clients.Skip(1))
        {
            (await Catch(client.ReadLineAsync())).Should().BeOfType<IOException>();
        }

        (await Catch(Tcp.ConnectAsync(server.EndPoint))).Should().BeOfType<SocketException>();
        (await server.StopAsync(Seconds(1))).Canceled.Should().Be(0);
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
    });

    [Fact]
    public void A_handler_cannot_wait_for_its_own_server_to_stop() => RunGroup(async group =>
    {
        var failure = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        GroupServer? server = null;
        server = group.Listen(AnyPort, async Coroutine (_) => failure.SetResult(await Catch(server!.StopAsync())));
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        (await failure.Task).Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("own server");
        await server.DisposeAsync();
    });

    [Fact]
    public void A_server_is_stopped_from_a_loop_of_the_group_as_well() => RunGroup(async group =>
    {
        var server = group.Listen(AnyPort, Echo);
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await Until(() => server.ConnectionCounts.Sum() == 1);
        (await group.RunOn(1, async Coroutine<ServerStopResult> () => await server.StopAsync(TimeSpan.Zero))).Canceled.Should().Be(1);
        (await Catch(client.ReadLineAsync())).Should().BeOfType<IOException>();
    });

    [Theory]
    [InlineData(AcceptMode.HandOff)]
    [InlineData(AcceptMode.ReusePort)]
    public void The_end_of_the_group_stops_what_listens_and_resets_what_is_open(AcceptMode mode)
    {
        EndPoint? endPoint = null;
        Socket[] clients = [.. Enumerable.Range(0, 3).Select(static _ =>
            new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 5000 })];
        RunGroup(async group =>
        {
            var server = group.Listen(AnyPort, Echo, new GroupListenOptions { Accept = mode });
            endPoint = server.EndPoint;
            await Loop.ToThread(() => Array.ForEach(clients, client => client.Connect(endPoint)));
            await Until(() => server.ConnectionCounts.Sum() == 3);
        });
        foreach (var client in clients)
        {
            FluentActions.Invoking(() => client.Receive(new byte[1])).Should().Throw<SocketException>();
            client.Dispose();
        }

        using var late = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        FluentActions.Invoking(() => late.Connect(endPoint!)).Should().Throw<SocketException>();
    }

    [Fact]
    public void A_port_that_is_taken_is_told_at_once_and_nothing_is_left_open() => RunGroup(async group =>
    {
        await using var first = group.Listen(AnyPort, Echo);
        int before = OpenSockets();
        FluentActions.Invoking(() => group.Listen(first.EndPoint, Echo)).Should().Throw<SocketException>().WithMessage("*in use*");
        FluentActions.Invoking(() => group.Listen(first.EndPoint, Echo, Reuse)).Should().Throw<SocketException>();
        OpenSockets().Should().Be(before);
    });

    [Fact]
    public void A_name_is_refused_and_so_is_a_shared_port_of_what_has_none() => RunGroup(async group =>
    {
        FluentActions.Invoking(() => group.Listen(new DnsEndPoint("localhost", 0), Echo)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() =>
            group.Listen(new UnixDomainSocketEndPoint("/tmp/x"), Echo, Reuse)).Should().Throw<ArgumentException>().WithMessage("*TCP*");
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Unix_sockets_are_handed_off_and_their_file_goes_with_the_server(bool isAbstract) => RunGroup(async group =>
    {
        string path = isAbstract ? $"\0group-{Guid.NewGuid():N}" : Path.Combine(Path.GetTempPath(), $"@group-{Guid.NewGuid():N}.sock");
        await using (var server = group.Listen(new UnixDomainSocketEndPoint(path), Echo))
        {
            await using var client = await Unix.ConnectAsync(path);
            await client.WriteAsync("x\n");
            (await client.ReadLineAsync()).Should().Be("x");
            File.Exists(path).Should().Be(!isAbstract);
        }

        File.Exists(path).Should().BeFalse();
    });

    [Fact]
    public void A_handler_that_blocks_its_loop_holds_up_that_loop_only() => RunGroup(async group =>
    {
        using var release = new ManualResetEventSlim();
        await using var server = group.Listen(AnyPort, async Coroutine (connection) =>
        {
            while (await connection.ReadLineAsync() is { } line)
            {
                if (line == "block")
                {
                    release.Wait();
                }

                await connection.WriteAsync($"{group.CurrentIndex}\n");
            }
        });
        await using var first = await Tcp.ConnectAsync(server.EndPoint);
        await using var second = await Tcp.ConnectAsync(server.EndPoint);
        await first.WriteAsync("x\n");
        string? blocked = await first.ReadLineAsync();
        await first.WriteAsync("block\n");
        await second.WriteAsync("x\n");
        (await second.ReadLineAsync()).Should().NotBe(blocked);
        release.Set();
        (await first.ReadLineAsync()).Should().Be(blocked);
    });

    // Both places may be on their way to listen again at one moment: the loop that ended just now, and the other from before.
    private static async Coroutine<Connection> ConnectWhereOneListens(EndPoint endPoint)
    {
        while (true)
        {
            try
            {
                return await Tcp.ConnectAsync(endPoint);
            }
            catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionRefused)
            {
                await Loop.Sleep(TimeSpan.FromMicroseconds(200));
            }
        }
    }

    [Theory]
    [InlineData(AcceptMode.HandOff)]
    [InlineData(AcceptMode.ReusePort)]
    public void The_connections_of_a_loop_that_fails_are_lost_and_its_place_serves_again(AcceptMode mode) => RunGroup(
        async group =>
        {
            await using var server = group.Listen(
                AnyPort,
                async Coroutine (connection) =>
                {
                    while (await connection.ReadLineAsync() is { } line)
                    {
                        if (line == "exit")
                        {
                            throw new LoopExitException(3);
                        }

                        await connection.WriteAsync($"{group.CurrentIndex}\n");
                    }
                },
                new GroupListenOptions { Accept = mode });
            var seen = new HashSet<string?>();
            for (int i = 1; i <= 5; i++)
            {
                await using var client = await ConnectWhereOneListens(server.EndPoint);
                await client.WriteAsync("exit\n");
                (await Catch(client.ReadLineAsync())).Should().Match(static failure => failure == null || failure is IOException);
                await Until(() => Reported.Count == i);
            }

            await Until(() => server.ConnectionCounts.Sum() == 0);
            for (int i = 0; i < 200 && seen.Count < 2; i++)
            {
                try
                {
                    await using var client = await Tcp.ConnectAsync(server.EndPoint);
                    await client.WriteAsync("x\n");
                    if (await client.ReadLineAsync() is { } index)
                    {
                        seen.Add(index);
                    }
                }
                catch (Exception failure) when (failure is IOException or SocketException)
                {
                    // One that came to a listener in the moment of its end.
                }
            }

            seen.Should().BeEquivalentTo("0", "1");
        },
        Group with { OnFailure = LoopFailurePolicy.Restart });

    [Theory]
    [InlineData(AcceptMode.HandOff)]
    [InlineData(AcceptMode.ReusePort)]
    public void A_handler_that_a_failed_loop_abandons_gives_its_place_back(AcceptMode mode) => RunGroup(
        async group =>
        {
            int begun = 0;
            await using var server = group.Listen(
                AnyPort,
                async Coroutine (connection) =>
                {
                    if (Interlocked.Increment(ref begun) <= 2)
                    {
                        await CancelScope.Run(static async _ => await Forever(), shield: true);
                    }

                    await Echo(connection);
                },
                new GroupListenOptions { Accept = mode, Listen = new ListenOptions { MaxConnections = 1 } });
            for (int i = 1; i <= 2; i++)
            {
                await using var lost = await ConnectWhereOneListens(server.EndPoint);
                await Until(() => Volatile.Read(ref begun) == i);
                group.Loops[0].Post(static () => throw new LoopExitException(3));
                (await Catch(lost.ReadLineAsync())).Should().Match(static failure => failure == null || failure is IOException);
            }

            await using var client = await ConnectWhereOneListens(server.EndPoint);
            await client.WriteAsync("x\n");
            (await client.ReadLineAsync()).Should().Be("x");
            server.ConnectionCounts.Should().Equal(1);
        },
        Group with { Loops = 1, OnFailure = LoopFailurePolicy.Restart, Loop = Group.Loop with { ShutdownTimeout = Seconds(0.1) } });

    [Fact]
    public void A_server_that_stops_while_connections_are_on_their_way_loses_none_of_its_counts() => RunGroup(async group =>
    {
        for (int i = 0; i < 20; i++)
        {
            var server = group.Listen(AnyPort, Echo);
            var clients = Enumerable.Range(0, 8).Select(_ => Loop.CreateTask(async Coroutine () =>
            {
                await using var client = await Tcp.ConnectAsync(server.EndPoint);
                await client.ReadLineAsync();
            })).ToList();
            await Yields(i);
            await server.StopAsync(TimeSpan.Zero);
            foreach (var client in clients)
            {
                await Catch(client);
            }

            server.ConnectionCounts.Should().Equal(0, 0);
            group.Statistics.Connections.Should().Equal(0, 0);
        }
    });

    [Fact]
    public void A_connection_has_nothing_of_the_flow_of_another_handler() => RunGroup(
        async group =>
        {
            var user = new AsyncLocal<string?>();
            bool ends = false;
            foreach (var options in new[] { new GroupListenOptions(), Reuse })
            {
                ends = false;
                await using var server = group.Listen(
                    AnyPort,
                    async Coroutine (connection) =>
                    {
                        await connection.WriteAsync($"{user.Value ?? "nobody"}\n");
                        user.Value = "alice";
                        while (!ends)
                        {
                            await Loop.Yield();
                        }
                    },
                    options);
                for (int i = 0; i < 4; i++)
                {
                    var client = await Tcp.ConnectAsync(server.EndPoint);
                    (await client.ReadLineAsync()).Should().Be("nobody");
                }

                ends = true;
            }
        },
        Group with { Loops = 1 });

    [Fact]
    public void A_stop_that_is_given_up_is_given_up_on_all_loops() => RunGroup(async group =>
    {
        await using var server = group.Listen(AnyPort, async Coroutine (_) => await Forever());
        for (int i = 0; i < 4; i++)
        {
            await Tcp.ConnectAsync(server.EndPoint);
        }

        await Until(() => server.ConnectionCounts.Sum() == 4);
        await CancelScope.MoveOnAfter(Seconds(0.05), async Coroutine (_) => await server.StopAsync(Seconds(20)));
        Loop.Current.Statistics.TaskCount.Should().Be(1);
        server.ConnectionCounts.Sum().Should().Be(4);
    });

    [Fact]
    public void Connections_that_were_handed_to_another_loop_count_there_only() => RunGroup(async group =>
    {
        await using var server = group.Listen(AnyPort, Echo);
        int before = group.Home.Core.Io.Open;
        for (int i = 0; i < 10; i++)
        {
            await using var client = await Tcp.ConnectAsync(server.EndPoint);
            await client.WriteAsync("x\n");
            (await client.ReadLineAsync()).Should().Be("x");
        }

        await Until(() => server.ConnectionCounts.Sum() == 0 && group.Home.Core.Io.Open == before);
        group.Loops.Should().OnlyContain(static loop => loop.Core.Io.Open == 0);
    });
}
