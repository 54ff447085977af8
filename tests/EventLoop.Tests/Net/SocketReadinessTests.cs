using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.Tests.Net;

public sealed class SocketReadinessOnEpollTests() : SocketReadinessTests(PollerKind.Epoll);

public sealed class SocketReadinessOnPortableTests() : SocketReadinessTests(PollerKind.Portable);

public abstract class SocketReadinessTests(PollerKind poller) : IoTest(poller)
{
    [Fact]
    public void A_socket_is_readable_when_something_has_arrived_and_the_wait_takes_nothing_of_it() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var waiting = Loop.CreateTask(server.WaitReadableAsync());
        await Yields(3);
        waiting.IsCompleted.Should().BeFalse();
        waiting.WaitingOn.Should().StartWith("readiness to read from");
        await client.SendAsync("hello"u8.ToArray());
        await waiting;
        await server.WaitReadableAsync();
        (await server.ReceiveAsync(new byte[16])).Should().Be(5);
        client.Close();
        server.Close();
    });

    [Fact]
    public void A_receive_that_filled_its_buffer_and_took_the_last_byte_leaves_nothing_to_read() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        foreach (bool waitsFirst in new[] { true, false })
        {
            await client.SendAsync("hello"u8.ToArray());
            if (waitsFirst)
            {
                await server.WaitReadableAsync();
            }

            for (int left = 5; left > 0;)
            {
                left -= await server.ReceiveAsync(new byte[1]);
            }

            var waiting = Loop.CreateTask(server.WaitReadableAsync());
            await Yields(3);
            waiting.IsCompleted.Should().BeFalse("all of it was received");
            await client.SendAsync("x"u8.ToArray());
            await waiting;
            (await server.ReceiveAsync(new byte[16])).Should().Be(1);
        }

        client.Close();
        server.Close();
    });

    [Fact]
    public void What_was_not_received_can_still_be_read() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        await client.SendAsync("hello"u8.ToArray());
        await server.WaitReadableAsync();
        (await server.ReceiveAsync(new byte[4])).Should().Be(4);
        await server.WaitReadableAsync();
        (await server.ReceiveAsync(new byte[4])).Should().Be(1);
        client.Close();
        server.Close();
    });

    [Fact]
    public void The_end_and_a_reset_can_be_read() => RunIo(async () =>
    {
        foreach (bool abort in new[] { false, true })
        {
            var (client, server) = await ConnectPair();
            var waiting = Loop.CreateTask(server.WaitReadableAsync());
            await Yields(2);
            if (abort)
            {
                client.Abort();
            }
            else
            {
                client.Close();
            }

            await waiting;
            server.Close();
        }
    });

    [Fact]
    public void A_listener_is_readable_when_a_connection_waits() => RunIo(async () =>
    {
        using var listener = Listening();
        for (int i = 0; i < 2; i++)
        {
            var waiting = Loop.CreateTask(listener.WaitReadableAsync());
            await Yields(3);
            waiting.IsCompleted.Should().BeFalse("nobody has connected");
            using var client = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(listener.LocalEndPoint!);
            await waiting;
            using var server = await listener.AcceptAsync();
            (server.RemoteEndPoint as IPEndPoint)!.Port.Should().Be((client.LocalEndPoint as IPEndPoint)!.Port);
        }
    });

    [Fact]
    public void A_connected_socket_is_writable() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        await client.WaitWritableAsync();
        client.Close();
        server.Close();
    });
}
