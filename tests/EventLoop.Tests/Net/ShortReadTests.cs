using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.Tests.Net;

public sealed class ShortReadOnEpollTests() : ShortReadTests(PollerKind.Epoll);

public sealed class ShortReadOnPortableTests() : ShortReadTests(PollerKind.Portable);

/// <summary>Receives that did not fill their buffer, and what stands behind them all the same.</summary>
public abstract class ShortReadTests(PollerKind poller) : IoTest(poller)
{
    [Fact]
    public void The_end_that_arrives_together_with_the_connect_and_the_data_is_read() => RunIo(async () =>
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(AnyPort);
        listener.Listen();
        for (int i = 0; i < 20; i++)
        {
            var connecting = Loop.CreateTask(Tcp.ConnectAsync(listener.LocalEndPoint!));
            await Loop.Yield();      // it has begun, and the loop looks at nothing while this step accepts, sends and closes
            using (var peer = Accept(listener))
            {
                peer.Send("sorry, full\n"u8);
            }

            await using var connection = await connecting;
            (await connection.ReadToEndAsync()).Length.Should().Be(12);
        }
    });

    [Fact]
    public void A_server_that_only_writes_and_its_clients_on_one_loop_come_to_an_end() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, static async connection => await connection.WriteAsync("220 ready\r\n"));
        async Coroutine Client()
        {
            await using var connection = await Tcp.ConnectAsync(server.EndPoint);
            (await connection.ReadLineAsync()).Should().Be("220 ready");
            (await connection.ReadLineAsync()).Should().BeNull();
        }

        await Loop.Gather(Enumerable.Range(0, 100).Select(_ => Client()).ToArray());
    });

    [Fact]
    public void Urgent_data_do_not_stop_the_stream() => RunIo(async () =>
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(AnyPort);
        listener.Listen();
        await using var connection = await Tcp.ConnectAsync(listener.LocalEndPoint!);
        using var peer = Accept(listener);
        foreach (bool waits in new[] { true, false })
        {
            var reading = waits ? Loop.CreateTask(connection.ReadExactlyAsync(2000)) : null;
            await Yields(2);
            peer.Send(new byte[1000]);
            peer.Send("!"u8, SocketFlags.OutOfBand);
            peer.Send(new byte[1000]);
            (await (reading ?? Loop.CreateTask(connection.ReadExactlyAsync(2000)))).Length.Should().Be(2000);
        }

        var last = Loop.CreateTask(connection.ReadToEndAsync());
        await Yields(2);
        peer.Send("!"u8, SocketFlags.OutOfBand);
        peer.Dispose();
        (await last).Length.Should().Be(0);
    });

    [Fact]
    public void A_receive_that_is_parked_later_than_it_was_tried_does_not_miss_what_came_between() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var noted = Loop.CreateTask(server.ReceiveAsync(new byte[1]));
        await Yields(2);
        await client.SendAsync(new byte[1]);
        await noted;                     // the poller knows it from here on
        var (otherClient, otherServer) = await ConnectPair();
        var other = Loop.CreateTask(otherServer.ReceiveAsync(new byte[1]));
        var receiving = server.ReceiveAsync(new byte[4]).GetAwaiter();
        receiving.IsCompleted.Should().BeFalse();
        await client.SendAsync(new byte[3]);
        await otherClient.SendAsync(new byte[1]);
        await other;                     // the poller has told of both, and for the first nobody waits yet
        var resumed = Loop.Current.CreateFuture();
        receiving.OnCompleted(() => resumed.TrySetResult());
        await resumed;
        receiving.GetResult().Should().Be(3);
        otherClient.Close();
        otherServer.Close();
        client.Close();
        server.Close();
    });
}
