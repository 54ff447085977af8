using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.Tests.Net;

public sealed class ClosingOnEpollTests() : ClosingTests(PollerKind.Epoll);

public sealed class ClosingOnPortableTests() : ClosingTests(PollerKind.Portable);

/// <summary>The end of a connection: what the peer gets of what was written, and how it learns of an end that is none.</summary>
public abstract class ClosingTests(PollerKind poller) : IoTest(poller)
{
    private const int Size = 500_000;

    private static async Coroutine<(Connection Client, Connection Server)> Pair()
    {
        var (client, server) = await ConnectPair();
        return (new Connection(client), new Connection(server));
    }

    // A reader that is not the fastest; what it got, and how it ended.
    private static async Coroutine<(int Count, Exception? End)> ReadSlowly(Connection connection)
    {
        int got = 0;
        byte[] block = new byte[30_000];
        try
        {
            while (await connection.ReadAsync(block) is > 0 and var count)
            {
                got += count;
                await Loop.Sleep(1);
            }
        }
        catch (IOException broken)
        {
            return (got, broken);
        }

        return (got, null);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("before the answer")]
    [InlineData("behind the close")]
    [InlineData("all the time")]
    public void An_answer_arrives_whole_although_input_is_left_unread(string extra) => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, async Coroutine (connection) =>
        {
            await connection.ReadLineAsync();
            await connection.WriteAsync(new byte[Size]);
            await connection.DrainAsync();
        });
        for (int i = 0; i < 5; i++)
        {
            await using var client = await Tcp.ConnectAsync(server.EndPoint);
            await client.WriteAsync(extra == "before the answer" ? "GET\nx" : "GET\n");
            var more = Loop.CreateTask(async Coroutine () =>
            {
                await Loop.Sleep(5);
                for (int k = 0; k < (extra == "behind the close" ? 1 : extra == "all the time" ? 20 : 0); k++)
                {
                    await client.WriteAsync("x");
                    await Loop.Sleep(1);
                }
            });
            var (count, end) = await ReadSlowly(client);
            count.Should().Be(Size);
            end.Should().BeNull();
            await Catch(more);
        }
    });

    [Fact]
    public void Over_a_Unix_socket_the_end_behind_unread_input_is_an_end_and_no_reset() => RunIo(async () =>
    {
        string path = Path.Combine(Path.GetTempPath(), $"loop-{Guid.NewGuid():N}.sock");
        await using var server = Unix.Listen(path, async Coroutine (connection) =>
        {
            await connection.ReadLineAsync();
            await connection.WriteAsync(new byte[Size]);
        });
        await using var client = await Unix.ConnectAsync(path);
        await client.WriteAsync("GET\n" + new string('x', 10_000));
        var (count, end) = await ReadSlowly(client);
        count.Should().Be(Size);
        end.Should().BeNull();
    });

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public void A_client_that_only_writes_loses_nothing_under_TLS(SslProtocols protocol) => RunIo(async () =>
    {
        const int Much = 1_000_000;
        for (int i = 0; i < 3; i++)
        {
            var result = Loop.Current.CreateFuture<(int, Exception?)>();
            await using var server = Tcp.Listen(AnyPort, async Coroutine (connection) =>
            {
                await connection.StartTlsAsync(TestCertificate.Own);
                result.TrySetResult(await ReadSlowly(connection));
            });
            await using (var client = await Tcp.ConnectAsync(server.EndPoint))
            {
                var options = TestCertificate.Trusting;
                options.EnabledSslProtocols = protocol;
                await client.StartTlsAsync(options);
                await client.WriteAsync(new byte[Much]);
            }

            (await result).Should().Be((Much, null));
        }
    });

    [Fact]
    public void A_close_with_nothing_to_lose_takes_no_time_although_the_peer_stays_open() => RunIo(async () =>
    {
        var (client, server) = await Pair();
        await client.WriteAsync("hello");
        await server.ReadExactlyAsync(5);
        await server.WriteAsync("answer");
        await client.ReadExactlyAsync(6);
        long began = Stopwatch.GetTimestamp();
        await server.DisposeAsync();
        Stopwatch.GetElapsedTime(began).Should().BeLessThan(Seconds(1));
        server.Socket.IsClosed.Should().BeTrue();
        (await client.ReadToEndAsync()).Should().BeEmpty();
        await client.DisposeAsync();
    });

    [Fact]
    public void A_peer_that_neither_reads_nor_ends_holds_a_close_up_for_no_longer_than_was_said() => RunIo(async () =>
    {
        var (client, server) = await Pair();
        await client.WriteAsync("unread");
        await server.WriteAsync("short answer");
        await Loop.Sleep(5);
        long began = Stopwatch.GetTimestamp();
        await server.DisposeAsync();
        Stopwatch.GetElapsedTime(began).Should().BeLessThan(Seconds(3), "its system has everything");
        (await client.ReadToEndAsync()).Should().HaveCount(12);
        await client.DisposeAsync();
    });

    [Fact]
    public void A_peer_that_sends_for_ever_does_not_hold_the_loop_nor_the_close() => RunIo(async () =>
    {
        var (client, server) = await Pair();
        var flood = Loop.CreateTask(async Coroutine () =>
        {
            while (true)
            {
                await client.WriteAsync(new byte[100_000]);
            }
        });
        await Loop.Sleep(5);
        long turns = 0;
        var ticking = Loop.CreateTask(async Coroutine () =>
        {
            while (true)
            {
                await Loop.Yield();
                turns++;
            }
        });
        await server.DisposeAsync();
        turns.Should().BePositive();
        server.Socket.IsClosed.Should().BeTrue();
        ticking.Cancel();
        (await Catch(flood)).Should().BeAssignableTo<IOException>();
        await Catch(ticking);
        client.Abort();
    });

    [Fact]
    public void Every_dispose_completes_when_the_connection_is_closed() => RunIo(async () =>
    {
        var (client, server) = await Pair();
        await Fill(server);

        var here = new[] { server.DisposeAsync(), server.DisposeAsync(), server.AsStream().DisposeAsync() };
        var there = Task.Run(async () =>
        {
            await server.DisposeAsync();
            return server.Socket.IsClosed;
        });
        await Loop.Sleep(20);
        here.Should().OnlyContain(static closing => !closing.IsCompleted);
        there.IsCompleted.Should().BeFalse();
        await client.ReadToEndAsync();
        foreach (var closing in here)
        {
            await closing;
            server.Socket.IsClosed.Should().BeTrue();
        }

        (await there).Should().BeTrue();
        await server.DisposeAsync();
        await client.DisposeAsync();
    });

    [Fact]
    public void A_dispose_on_another_thread_ends_also_when_the_loop_is_closed()
    {
        Task? closing = null;
        RunLoop(
            async () =>
            {
                var (client, server) = await Pair();
                await Fill(server);

                closing = Task.Run(async () => await server.DisposeAsync());
                await Loop.Sleep(5);
                GC.KeepAlive(client);
            },
            IoOptions);
        OnThread(() => closing!.Wait(TimeSpan.FromSeconds(8)).Should().BeTrue());
        var loop = NewLoop(IoOptions);
        var (left, right) = loop.RunUntilComplete(Pair());
        loop.Dispose();
        OnThread(() => Task.Run(async () =>
        {
            await left.DisposeAsync();
            await right.DisposeAsync();
        }).Wait(TimeSpan.FromSeconds(8)).Should().BeTrue());
    }

    [Fact]
    public void An_abort_ends_a_close_that_takes_time() => RunIo(async () =>
    {
        var (client, server) = await Pair();
        await Fill(server);

        var closing = server.DisposeAsync();
        server.Abort();
        await closing;
        server.Socket.IsClosed.Should().BeTrue();
        (await Catch(client.ReadToEndAsync())).Should().BeAssignableTo<IOException>();
        await client.DisposeAsync();
    });

    [Theory]
    [InlineData("write")]
    [InlineData("flushed")]
    [InlineData("cancelled")]
    [InlineData("disposing")]
    [InlineData("socket")]
    public void A_loop_that_ends_in_the_middle_of_a_write_leaves_the_peer_with_a_reset(string what)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(AnyPort);
        listener.Listen();
        RunLoop(
            async () =>
            {
                var connection = await Tcp.ConnectAsync((IPEndPoint)listener.LocalEndPoint!);
                switch (what)
                {
                    case "write":
                        _ = Loop.CreateTask(connection.WriteAsync(new byte[32_000_000]));
                        break;
                    case "flushed":
                        await Fill(connection);

                        break;
                    case "cancelled":
                        await CancelScope.MoveOnAfter(Seconds(0.01), async Coroutine (_) => { await connection.WriteAsync(new byte[32_000_000]); });
                        break;
                    case "disposing":
                        await Fill(connection);

                        _ = connection.DisposeAsync();
                        break;
                    default:
                        _ = Loop.CreateTask(async Coroutine () => { await connection.Socket.SendAsync(new byte[32_000_000]); });
                        break;
                }

                await Loop.Sleep(5);
            },
            IoOptions);
        using var peer = Accept(listener);
        byte[] block = new byte[100_000];
        Action reading = () =>
        {
            while (peer.Receive(block) > 0)
            {
            }
        };
        reading.Should().Throw<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
    }

    [Fact]
    public void A_loop_that_ends_leaves_a_clean_end_where_everything_was_sent_also_with_unread_input()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(AnyPort);
        listener.Listen();
        Socket? peer = null;
        RunLoop(
            async () =>
            {
                var connection = await Tcp.ConnectAsync((IPEndPoint)listener.LocalEndPoint!);
                peer = Accept(listener);
                _ = Loop.CreateTask(connection.ReadExactlyAsync(100));      // it is registered with the poller
                await Yields(3);
                await connection.WriteAsync(new byte[100_000]);
                peer.Send(new byte[10]);
                await Loop.Sleep(5);
                peer.Send(new byte[10]);
            },
            IoOptions);
        int got = 0;
        byte[] block = new byte[100_000];
        while (peer!.Receive(block) is > 0 and var count)
        {
            got += count;
        }

        got.Should().Be(100_000);
        peer.Dispose();
    }

    [Fact]
    public void While_a_close_waits_for_what_is_unsent_nothing_more_is_written() => RunIo(async () =>
    {
        var (client, server) = await Pair();
        long written = await Fill(server);
        var reading = Loop.CreateTask(server.ReadLineAsync());
        var waiting = Loop.CreateTask(server.WriteAsync(new byte[200_000]));
        await Yields(2);
        var closing = server.DisposeAsync().AsTask();

        (await Catch(server.WriteAsync("late"))).Should().BeOfType<ObjectDisposedException>();
        reading.IsCompleted.Should().BeFalse("a peer that sends must go on");
        closing.IsCompleted.Should().BeFalse();
        var (count, end) = await ReadSlowly(client);
        count.Should().Be((int)written + 200_000);
        end.Should().BeNull();
        await waiting;
        await closing;
        (await Catch(reading)).Should().BeOfType<ObjectDisposedException>();
        await client.DisposeAsync();
    });

    [Fact]
    public void A_close_with_something_unsent_lets_a_reader_go_on_so_that_a_peer_that_sends_as_well_takes_everything() => RunIo(async () =>
    {
        const int Blocks = 100, Size = 64 * 1024;
        long got = 0;
        await using var server = Tcp.Listen(AnyPort, async Coroutine (connection) =>
        {
            var buffer = new byte[16 * 1024];
            while (await connection.ReadAsync(buffer) is > 0 and var count)
            {
                got += count;
                for (int i = 0; i < 2; i++)      // all of it is less than a close reads and drops
                {
                    await connection.WriteAsync(buffer.AsMemory(0, count));
                }
            }
        });
        var client = await Tcp.ConnectAsync(server.EndPoint);
        var reader = Loop.CreateTask(async Coroutine () =>
        {
            var buffer = new byte[16 * 1024];
            while (await client.ReadAsync(buffer) > 0)
            {
            }
        });
        for (int i = 0; i < Blocks; i++)
        {
            await client.WriteAsync(new byte[Size]);
        }

        await client.DisposeAsync();
        (await Catch(reader)).Should().BeOfType<ObjectDisposedException>();
        await Until(() => got == Blocks * Size);
    });

    [Fact]
    public void A_second_dispose_between_two_runs_leaves_the_close_in_progress_alone()
    {
        using var loop = NewLoop(IoOptions);
        var (client, server) = loop.RunUntilComplete(Pair());
        loop.RunUntilComplete(async Coroutine () =>
        {
            await client.WriteAsync("unread");
            await Until(() => server.Socket.CanReceive());
            await server.WriteAsync(new byte[300_000]);
            _ = server.DisposeAsync();
            await Loop.Yield();
        });
        server.DisposeAsync().IsCompletedSuccessfully.Should().BeTrue();
        loop.RunUntilComplete(async Coroutine () =>
        {
            var (count, end) = await ReadSlowly(client);
            end.Should().BeNull();
            count.Should().Be(300_000);
            await client.DisposeAsync();
        });
    }
}
