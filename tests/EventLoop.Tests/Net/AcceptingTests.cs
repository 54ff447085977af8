using System.Net;
using System.Net.Sockets;
using EventLoop.Net;

namespace EventLoop.Tests.Net;

public sealed class AcceptingOnEpollTests() : AcceptingTests(PollerKind.Epoll);

public sealed class AcceptingOnPortableTests() : AcceptingTests(PollerKind.Portable);

/// <summary>How connections are taken from a listener.</summary>
public abstract class AcceptingTests(PollerKind poller) : IoTest(poller)
{
    [Fact]
    public void Connections_that_wait_are_accepted_together_before_the_first_handler_runs() => RunIo(async () =>
    {
        const int Count = 50;
        long seen = 0;
        Server server = null!;
        server = Tcp.Listen(AnyPort, async Coroutine (_) =>
        {
            seen = seen == 0 ? server.AcceptedCount : seen;
            await Loop.Yield();
        });
        await Loop.Yield();

        // The backlog takes them while this step goes on.
        var clients = Enumerable.Range(0, Count).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToArray();
        Array.ForEach(clients, client => client.Connect(server.EndPoint));
        await Until(() => seen != 0);
        seen.Should().Be(Count);
        Array.ForEach(clients, static client => client.Dispose());
        await server.StopAsync();
    });

    [Fact]
    public void A_deferred_connection_is_accepted_with_its_first_bytes() => RunIo(async () =>
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "an option of Linux");
        await using var server = Tcp.Listen(
            AnyPort, async Coroutine (connection) =>
                await connection.WriteAsync(await connection.ReadLineAsync() + "\n"), new ListenOptions { DeferAccept = TimeSpan.FromSeconds(30) });
        await using var silent = await Tcp.ConnectAsync(server.EndPoint);
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.WriteAsync("hello\n");
        (await client.ReadLineAsync()).Should().Be("hello");
        server.AcceptedCount.Should().Be(1, "the other has said nothing");
        await silent.WriteAsync("late\n");
        (await silent.ReadLineAsync()).Should().Be("late");
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_listener_says_of_NoDelay_holds_for_its_connections(bool noDelay) => RunIo(async () =>
    {
        bool? found = null;
        await using var server = Tcp.Listen(
            AnyPort,
            async Coroutine (connection) =>
            {
                found = connection.Socket.Device.AsSocket()!.NoDelay;
                await Loop.Yield();
            },
            new ListenOptions { NoDelay = noDelay });
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await Until(() => found is not null);
        found.Should().Be(noDelay);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_server_that_may_have_no_connection_is_refused(int most) =>
        this.Invoking(_ => new ListenOptions { MaxConnections = most }).Should().Throw<ArgumentOutOfRangeException>().WithMessage("*Null means no limit*");

    [Fact]
    public void A_time_that_is_none_is_refused()
    {
        this.Invoking(static _ => new ListenOptions { DeferAccept = TimeSpan.Zero }).Should().Throw<ArgumentOutOfRangeException>();
        this.Invoking(static _ => new ListenOptions { DeferAccept = TimeSpan.FromDays(1) }).Should().Throw<ArgumentOutOfRangeException>();
    }
}
