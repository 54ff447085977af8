using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Tests.Net;

namespace EventLoop.Tests.Polling;

public sealed class DescriptorWatchOnEpollTests() : DescriptorWatchTests(PollerKind.Epoll);

public sealed class DescriptorWatchOnPortableTests() : DescriptorWatchTests(PollerKind.Portable);

/// <summary>Sockets of others, which their owners close whenever they like.</summary>
public abstract class DescriptorWatchTests(PollerKind poller) : IoTest(poller)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_socket_that_is_disposed_while_it_is_watched_holds_up_nobody_and_is_not_called_for_again(bool onAnotherThread) => RunIo(async () =>
    {
        var loop = Loop.Current;
        var (client, server) = Pair();
        int reads = 0, writes = 0;
        loop.AddReader(server.SafeHandle, () => reads++);
        loop.AddWriter(server.SafeHandle, () => writes++);
        client.Send([1]);
        await Until(() => reads > 0 && writes > 0);
        if (onAnotherThread)
        {
            await Loop.ToThread(server.Dispose);
        }
        else
        {
            server.Dispose();
        }

        (reads, writes) = (0, 0);
        using (client)
        {
            client.Poll(10_000_000, SelectMode.SelectRead).Should().BeTrue("its peer is told of the end at once");
        }

        await Beat();
        (reads, writes).Should().Be((0, 0));
    });

    [Fact]
    public void A_callback_may_dispose_its_own_socket() => RunIo(async () =>
    {
        var loop = Loop.Current;
        var (client, server) = Pair();
        int reads = 0;
        loop.AddReader(server.SafeHandle, () =>
        {
            reads++;
            server.Dispose();
        });
        client.Send([1]);
        await Until(() => reads > 0);
        await Beat();
        reads.Should().Be(1);
        Reported.Should().BeEmpty();
        client.Dispose();
    });

    [Fact]
    public void The_next_owner_of_the_number_is_watched_for_itself() => RunIo(async () =>
    {
        var loop = Loop.Current;
        int old = 0, next = 0;
        var (client, server) = Pair();
        var oldHandle = server.SafeHandle;
        nint number = oldHandle.DangerousGetHandle();
        loop.AddReader(oldHandle, () => old++);
        await Beat();
        server.Dispose();
        client.Dispose();

        var (secondClient, secondServer) = Pair();
        var owner = new[] { secondClient, secondServer }.Single(socket => socket.SafeHandle.DangerousGetHandle() == number);
        var other = ReferenceEquals(owner, secondClient) ? secondServer : secondClient;
        loop.AddReader(owner.SafeHandle, () => next++);
        loop.RemoveReader(oldHandle).Should().BeFalse("the number is another's by now");
        other.Send([1]);
        await Until(() => next > 0);
        old.Should().Be(0);
        loop.RemoveReader(owner.SafeHandle).Should().BeTrue();
        secondClient.Dispose();
        secondServer.Dispose();
    });

    [Fact]
    public void A_callback_can_be_taken_away_after_its_socket_was_closed_and_none_can_be_added() => RunIo(() =>
    {
        var loop = Loop.Current;
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var handle = socket.SafeHandle;
        loop.AddReader(handle, static () => { });
        loop.AddWriter(handle, static () => { });
        socket.Dispose();
        loop.RemoveReader(handle).Should().BeTrue();
        loop.RemoveReader(handle).Should().BeFalse();
        loop.Invoking(it => it.AddReader(handle, static () => { })).Should().Throw<ObjectDisposedException>();
        return Coroutine.Completed;
    });

    [Fact]
    public void Watches_of_closed_sockets_do_not_pile_up() => RunIo(() =>
    {
        for (int i = 0; i < 200; i++)
        {
            using var kept = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            Loop.Current.AddReader(socket.SafeHandle, static () => { });
        }

        var core = EventLoop.Scheduling.LoopCore.Required;
        core.Poller.HasSources.Should().BeTrue();
        Loop.Current.ForgetClosedWatches();
        core.Poller.HasSources.Should().BeFalse();
        return Coroutine.Completed;
    });

    [Fact]
    public void A_socket_that_was_taken_over_and_is_disposed_all_the_same_harms_nobody_else() => RunIo(async () =>
    {
        var (client, server) = Pair();
        using var taken = new LoopSocket(server);
        var receiving = Loop.CreateTask(taken.ReceiveAsync(new byte[8]));
        await Beat();
        server.Dispose();
        var (otherClient, otherServer) = await ConnectPair();       // they get the number
        var other = Loop.CreateTask(otherServer.ReceiveAsync(new byte[8]));
        await Beat();
        other.IsCompleted.Should().BeFalse();
        taken.Close();
        await Catch(receiving);
        await otherClient.SendAsync(new byte[3]);
        (await other).Should().Be(3);
        otherClient.Close();
        otherServer.Close();
        client.Dispose();
    });

    // Whatever the poller had to tell before has been told.
    private static async Coroutine Beat()
    {
        var (client, server) = await ConnectPair();
        for (int i = 0; i < 3; i++)
        {
            var receiving = Loop.CreateTask(server.ReceiveAsync(new byte[1]));
            await Yields(2);
            await client.SendAsync(new byte[1]);
            await receiving;
        }

        client.Close();
        server.Close();
    }

    private static (Socket Client, Socket Server) Pair()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(AnyPort);
        listener.Listen();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        return (client, Accept(listener));
    }
}
