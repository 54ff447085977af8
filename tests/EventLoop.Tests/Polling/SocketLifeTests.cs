using System.Net.Sockets;
using System.Runtime.CompilerServices;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Tests.Net;

namespace EventLoop.Tests.Polling;

public sealed class SocketLifeOnEpollTests() : SocketLifeTests(PollerKind.Epoll);

public sealed class SocketLifeOnPortableTests() : SocketLifeTests(PollerKind.Portable);

public abstract class SocketLifeTests(PollerKind poller) : IoTest(poller)
{
    // The portable poller wakes itself through a socket, once it has had to wait for one.
    private int OwnSockets => Poller == PollerKind.Portable ? 1 : 0;

    [Fact]
    public void A_socket_that_was_forgotten_gives_its_descriptor_back() => RunIo(async () =>
    {
        int before = OpenSockets();
        Forget();
        await CollectUntil(() => OpenSockets() <= before);
    });

    [Fact]
    public void A_socket_that_has_waited_and_was_forgotten_is_closed_and_debug_mode_says_where_it_was_made() => RunLoop(
        async () =>
        {
            int before = OpenSockets();
            var left = await ConnectAndForget();
            var end = Loop.CreateTask(left.ReceiveAsync(new byte[1]));
            await CollectUntil(() => end.IsCompleted);
            (await end).Should().Be(0, "the other side was closed");
            var said = Logger.Warnings.Where(static entry => entry.Message.Contains("was never closed", StringComparison.Ordinal)).ToArray();
            said.Should().ContainSingle().Which.Message.Should().Contain(left.LocalEndPoint!.ToString()).And.Contain(nameof(ConnectPair));
            left.Close();
            OpenSockets().Should().BeLessThanOrEqualTo(before + OwnSockets);
        },
        IoOptions with { Debug = true });

    [Fact]
    public void Who_waits_for_a_socket_keeps_it_alive() => RunIo(async () =>
    {
        int before = OpenSockets();
        var (client, receiving) = await ConnectAndWait();
        for (int i = 0; i < 5; i++)
        {
            await Collect();
        }

        receiving.IsCompleted.Should().BeFalse();
        await client.SendAsync(new byte[3]);
        (await receiving).Should().Be(3);
        client.Close();
        await CollectUntil(() => OpenSockets() <= before + OwnSockets);
    });

    [Fact]
    public void What_a_forgotten_connection_has_written_goes_out_before_it_is_closed() => RunIo(async () =>
    {
        var (client, written) = await WriteAndForget();
        await Collect();
        var all = Loop.CreateTask(client.ReadToEndAsync());
        await CollectUntil(() => all.IsCompleted);
        ((long)(await all).Length).Should().Be(written);
        await client.DisposeAsync();
    });

    [Fact]
    public void A_loop_that_was_forgotten_with_its_sockets_gives_their_descriptors_back()
    {
        int before = OpenSockets();
        OnThread(ForgetLoop);
        for (int i = 0; i < 100 && OpenSockets() > before; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        OpenSockets().Should().BeLessThanOrEqualTo(before);
    }

    [Fact]
    public void A_cancelled_token_never_reaches_the_next_operation() => RunIo(async () =>
    {
        var (a, b) = await ConnectPair();
        Connection client = new(a), server = new(b);
        var stream = server.AsStream();
        var buffer = new byte[1];
        for (int i = 0; i < 3000; i++)
        {
            using var source = new CancellationTokenSource();
            var cancelling = Task.Run(source.Cancel);
            await client.WriteAsync(new[] { (byte)i });
            int got = 0;
            try
            {
                got = await stream.ReadAsync(buffer, source.Token);
            }
            catch (OperationCanceledException)
            {
            }

            if (got == 0)
            {
                (await stream.ReadAsync(buffer)).Should().Be(1, "nobody cancelled this one");
            }

            buffer[0].Should().Be((byte)i);
            await cancelling;
        }

        client.Abort();
        server.Abort();
    });

    private static async Coroutine Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        await Loop.Sleep(1);
    }

    private static async Coroutine CollectUntil(Func<bool> condition)
    {
        for (int i = 0; i < 100 && !condition(); i++)
        {
            await Collect();
        }

        condition().Should().BeTrue();
    }

    private static async Coroutine<LoopSocket> ConnectAndForget()
    {
        var (client, server) = await ConnectPair();
        var receiving = Loop.CreateTask(client.ReceiveAsync(new byte[1]));
        await Yields(2);
        await server.SendAsync(new byte[1]);
        await receiving;
        return server;
    }

    private static async Coroutine<(LoopSocket Client, LoopTask<int> Receiving)> ConnectAndWait()
    {
        var (client, server) = await ConnectPair();
        var receiving = Loop.CreateTask(server.ReceiveAsync(new byte[8]));
        await Yields(2);
        return (client, receiving);
    }

    private static async Coroutine<(Connection Client, long Written)> WriteAndForget()
    {
        var (client, server) = await ConnectPair();
        var connection = new Connection(server);
        long written = await Fill(connection);

        return (new Connection(client), written);
    }

    private void ForgetLoop()
    {
        var loop = new Loop(IoOptions);
        loop.RunUntilComplete(ConnectAndForget());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget()
    {
        for (int i = 0; i < 20; i++)
        {
            _ = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        }
    }
}
