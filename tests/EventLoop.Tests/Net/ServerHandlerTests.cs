using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.Tests.Net;

public sealed class ServerHandlerOnEpollTests() : ServerHandlerTests(PollerKind.Epoll);

public sealed class ServerHandlerOnPortableTests() : ServerHandlerTests(PollerKind.Portable);

/// <summary>Handlers that do not end well, and what becomes of their connections, their server and the others.</summary>
public abstract class ServerHandlerTests(PollerKind poller) : IoTest(poller)
{
    private static async Coroutine Cancelled(CancellationToken token)
    {
        await Loop.Yield();
        token.ThrowIfCancellationRequested();
        throw new OperationCanceledException();
    }

    [Theory]
    [InlineData("failure")]
    [InlineData("foreign cancellation")]
    [InlineData("cancelled token")]
    [InlineData("cancelled child")]
    public void A_handler_that_ends_badly_in_the_middle_of_a_write_leaves_a_reset_and_is_reported_once_with_the_endpoint(string how) => RunIo(async () =>
    {
        Exception? expected = null;
        await using var server = Tcp.Listen(AnyPort, Handle);
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.WriteAsync("go\n");
        await Until(() => Reported.Count > 0);
        (await Catch(client.ReadToEndAsync())).Should().BeAssignableTo<IOException>().And.NotBeOfType<IncompleteReadException>();
        await Until(() => server.ConnectionCount == 0);
        await Yields(10);
        var report = Reported.Should().ContainSingle().Subject;
        report.Message.Should().Contain(client.LocalEndPoint!.ToString());
        report.Exception.Should().NotBeNull();
        expected?.Should().BeSameAs(report.Exception);

        async Coroutine Handle(Connection connection)
        {
            await connection.ReadLineAsync();
            _ = Loop.CreateTask(async Coroutine () => await Catch(async () => { await connection.WriteAsync(new byte[16_000_000]); }));
            await Yields(3);
            switch (how)
            {
                case "failure":
                    throw expected = new FormatException("boom");
                case "foreign cancellation":
                    await Cancelled(default);
                    break;
                case "cancelled token":
                    await Cancelled(new CancellationToken(canceled: true));
                    break;
                default:
                    var child = Loop.CreateTask(Forever());
                    child.Cancel();
                    await child;
                    break;
            }
        }
    });

    [Fact]
    public void A_handler_that_throws_before_it_is_a_coroutine_is_reported_as_any_other() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, static Coroutine (_) => throw new FormatException("boom"));
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        client.Connect(server.EndPoint);
        await Until(() => Reported.Count > 0 && server.ConnectionCount == 0);
        Reported.Should().ContainSingle().Which.Message.Should().Contain(client.LocalEndPoint!.ToString()!.Split(':')[^1]);
    });

    [Fact]
    public void A_failure_is_reported_at_once_although_much_is_still_unsent() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, async Coroutine (connection) =>
        {
            await connection.ReadLineAsync();
            await Fill(connection);

            throw new FormatException("boom");
        });
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.WriteAsync("go\n");
        long began = Environment.TickCount64;
        await Until(() => Reported.Count > 0);
        (Environment.TickCount64 - began).Should().BeLessThan(4000);
    });

    [Fact]
    public void Handlers_that_fail_change_nothing_for_the_others() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, async Coroutine (connection) =>
        {
            while (await connection.ReadLineAsync() is { } line)
            {
                if (line == "bad")
                {
                    throw new FormatException(line);
                }

                await connection.WriteAsync(line + "\n");
            }
        });
        await using var good = await Tcp.ConnectAsync(server.EndPoint);
        for (int i = 0; i < 20; i++)
        {
            await using var bad = await Tcp.ConnectAsync(server.EndPoint);
            await bad.WriteAsync("bad\n");
            await good.WriteAsync($"{i}\n");
            (await good.ReadLineAsync()).Should().Be($"{i}");
            (await Catch(bad.ReadLineAsync())).Should().BeAssignableTo<IOException>();
        }

        Reported.Should().HaveCount(20);
        server.IsListening.Should().BeTrue();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_handler_that_its_server_stops_is_not_said_to_have_swallowed_anything(bool swallows)
    {
        RunLoop(
            async () =>
            {
                var server = Tcp.Listen(AnyPort, async Coroutine (connection) =>
                {
                    try
                    {
                        await connection.ReadToEndAsync();
                    }
                    catch (OperationCanceledException) when (swallows)
                    {
                        await connection.WriteAsync("bye\n");
                    }
                });
                await using var client = await Tcp.ConnectAsync(server.EndPoint);
                await Until(() => server.ConnectionCount == 1);
                await Yields(5);
                (await server.StopAsync(TimeSpan.Zero)).Canceled.Should().Be(1);
                await Catch(client.ReadToEndAsync());
            },
            IoOptions with { Debug = true });
        Logger.Warnings.Should().NotContain(static entry => entry.Event.Name == "CancellationSwallowed");
        Reported.Should().BeEmpty();
    }

    [Fact]
    public void A_connection_whose_handler_was_cancelled_before_its_first_step_is_closed() => RunIo(async () =>
    {
        for (int turns = 1; turns < 30; turns++)
        {
            var server = Tcp.Listen(AnyPort, static async Coroutine (_) => await Forever());
            await using var client = await Tcp.ConnectAsync(server.EndPoint);
            await Yields(turns);
            await server.StopAsync(TimeSpan.Zero);
            server.ConnectionCount.Should().Be(0);
            (await Catch(client.ReadToEndAsync())).Should().Match<Exception?>(static end => end == null || end is IOException);
        }
    });

    [Fact]
    public void A_stop_cuts_short_what_waits_for_a_slow_peer() => RunIo(async () =>
    {
        var server = Tcp.Listen(AnyPort, static async Coroutine (connection) =>
        {
            await Fill(connection);
        });
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await Until(() => server.ConnectionCount == 1);
        await Loop.Sleep(5);
        long began = Environment.TickCount64;
        await server.StopAsync(TimeSpan.Zero);
        (Environment.TickCount64 - began).Should().BeLessThan(4000);
        (await Catch(client.ReadToEndAsync())).Should().BeAssignableTo<IOException>("the answer was cut");
    });

    private static async Coroutine<Exception?> Catch(Func<Coroutine> body) => await Catch(body());
}
