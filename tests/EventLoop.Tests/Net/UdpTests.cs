using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.Tests.Net;

// That nothing is allocated is a promise of epoll's: by .NET's own sockets it is exceptions that tell that one would block.
public sealed class UdpOnEpollTests() : UdpTests(PollerKind.Epoll)
{
    [Fact]
    public void Receive_and_send_allocate_nothing_with_several_peers_neither() => RunIo(async () =>
    {
        await using var server = Udp.Bind(AnyPort);
        DatagramSocket[] peers = [Udp.Bind(AnyPort), Udp.Bind(AnyPort), Udp.Connect((IPEndPoint)server.LocalEndPoint!)];
        byte[] buffer = new byte[64], message = new byte[10], answer = new byte[64];
        var echo = Loop.CreateTask(async () =>
        {
            while (true)
            {
                var received = await server.ReceiveFromAsync(buffer);
                await server.SendToAsync(buffer.AsMemory(0, received.Length), received.RemoteEndPoint);
            }
        });
        (await BytesOf(async () =>
        {
            for (int i = 0; i < 1000; i++)
            {
                var peer = peers[i % 3];
                await (peer.RemoteEndPoint is null ? peer.SendToAsync(message, server.LocalEndPoint!) : peer.SendAsync(message));
                await peer.ReceiveFromAsync(answer);
            }
        })).Should().BeLessThan(1000, "1000 exchanges");

        echo.Cancel();
        await Catch(echo);
        foreach (var peer in peers)
        {
            peer.Dispose();
        }
    });

    [Fact]
    public void Batches_allocate_nothing() => RunIo(async () =>
    {
        await using var a = Udp.Bind(AnyPort);
        await using var b = Udp.Bind(AnyPort);
        var out8 = Enumerable.Range(0, 8).Select(_ => new DatagramMessage { Buffer = new byte[10], RemoteEndPoint = a.LocalEndPoint }).ToArray();
        var room = Enumerable.Range(0, 32).Select(static _ => new DatagramMessage { Buffer = new byte[64] }).ToArray();
        (await BytesOf(async () =>
        {
            for (int i = 0; i < 500; i++)
            {
                await b.SendManyAsync(out8);
                for (int got = 0; got < 8;)
                {
                    got += await a.ReceiveManyAsync(room);
                }
            }
        })).Should().BeLessThan(1000, "500 batches");
    });

    private static async Coroutine<long> BytesOf(Func<Coroutine> work)
    {
        long allocated = long.MaxValue;
        for (var patience = Stopwatch.StartNew(); allocated > 1000 && patience.Elapsed < Seconds(5);)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            await work();
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return allocated;
    }
}

public sealed class UdpOnPortableTests() : UdpTests(PollerKind.Portable);

public abstract class UdpTests(PollerKind poller) : IoTest(poller)
{
    [Fact]
    public void A_datagram_arrives_with_its_sender() => RunIo(async () =>
    {
        await using var a = Udp.Bind(AnyPort);
        await using var b = Udp.Bind(AnyPort);
        var buffer = new byte[100];
        var receiving = Loop.CreateTask(b.ReceiveFromAsync(buffer));
        await Yields(2);
        (await a.SendToAsync("ping"u8.ToArray(), b.LocalEndPoint!)).Should().Be(4);
        var received = await receiving;
        received.Should().Be(new ReceivedDatagram(4, a.LocalEndPoint!, false));
        await b.SendToAsync("pong"u8.ToArray(), received.RemoteEndPoint);
        (await a.ReceiveFromAsync(buffer)).RemoteEndPoint.Should().Be(b.LocalEndPoint);
    });

    [Fact]
    public void What_does_not_fit_is_said_to_be_lost() => RunIo(async () =>
    {
        await using var a = Udp.Bind(AnyPort);
        await using var b = Udp.Connect((IPEndPoint)a.LocalEndPoint!);
        foreach (int room in new[] { 0, 10, 49, 50, 51 })
        {
            var bytes = Pattern(50);
            var buffer = new byte[room];
            await b.SendAsync(bytes);
            (await a.ReceiveFromAsync(buffer)).Should().Be(new ReceivedDatagram(Math.Min(room, 50), b.LocalEndPoint!, room < 50));
            buffer.Should().StartWith(bytes.Take(room));

            await b.SendAsync(bytes);
            var batch = new DatagramMessage[] { new() { Buffer = buffer }, new() { Buffer = new byte[100] } };
            (await a.ReceiveManyAsync(batch)).Should().Be(1);
            (batch[0].Length, batch[0].IsTruncated).Should().Be((Math.Min(room, 50), room < 50));
        }
    });

    [Fact]
    public void Batches_arrive_in_order() => RunIo(async () =>
    {
        await using var a = Udp.Bind(AnyPort);
        await using var b = Udp.Connect((IPEndPoint)a.LocalEndPoint!);
        var messages = Enumerable.Range(0, 100).Select(static i => new DatagramMessage { Buffer = Encoding.ASCII.GetBytes($"message {i}") }).ToArray();
        (await b.SendManyAsync(messages)).Should().Be(100);
        var room = Enumerable.Range(0, 32).Select(static _ => new DatagramMessage { Buffer = new byte[64] }).ToArray();
        var got = new List<string>();
        while (got.Count < 100)
        {
            int count = await a.ReceiveManyAsync(room);
            for (int i = 0; i < count; i++)
            {
                got.Add(Encoding.ASCII.GetString(room[i].Buffer.Span[..room[i].Length]));
                room[i].RemoteEndPoint.Should().Be(b.LocalEndPoint);
            }
        }

        got.Should().Equal(Enumerable.Range(0, 100).Select(static i => $"message {i}"));
    });

    [Fact]
    public void A_refused_datagram_is_an_error_of_one_call_only() => RunIo(async () =>
    {
        IPEndPoint nobody;
        await using (var gone = Udp.Bind(AnyPort))
        {
            nobody = (IPEndPoint)gone.LocalEndPoint!;
        }

        await using var socket = Udp.Connect(nobody);
        await socket.SendAsync(new byte[1]);
        (await Catch(socket.ReceiveFromAsync(new byte[10]))).Should().BeOfType<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.ConnectionRefused);
        await using var late = Udp.Bind(nobody);
        await socket.SendAsync(new byte[7]);
        (await late.ReceiveFromAsync(new byte[10])).Length.Should().Be(7);
    });

    [Fact]
    public void A_cancelled_receive_takes_no_datagram() => RunIo(async () =>
    {
        await using var a = Udp.Bind(AnyPort);
        await using var b = Udp.Connect((IPEndPoint)a.LocalEndPoint!);
        var receiving = Loop.CreateTask(a.ReceiveFromAsync(new byte[10]));
        await Yields(2);
        receiving.Cancel();
        await Catch(receiving);
        await b.SendAsync(new byte[5]);
        (await a.ReceiveFromAsync(new byte[10])).Length.Should().Be(5);
    });

    [Fact]
    public void A_datagram_that_is_too_long_is_refused() => RunIo(async () =>
    {
        await using var a = Udp.Bind(AnyPort);
        (await Catch(a.SendToAsync(new byte[70_000],
            a.LocalEndPoint!))).Should().BeOfType<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.MessageSize);
    });

    [Fact]
    public void Closing_fails_a_receive_that_waits() => RunIo(async () =>
    {
        var a = Udp.Bind(AnyPort);
        var receiving = Loop.CreateTask(a.ReceiveFromAsync(new byte[10]));
        await Yields(2);
        a.Dispose();
        (await Catch(receiving)).Should().BeOfType<ObjectDisposedException>();
    });

    [Fact]
    public void An_end_point_may_change_between_two_sends_and_after_it_was_received() => RunIo(async () =>
    {
        await using var a = Udp.Bind(AnyPort);
        await using var b = Udp.Bind(AnyPort);
        await using var sender = Udp.Bind(AnyPort);
        var to = new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)a.LocalEndPoint!).Port);
        var buffer = new byte[10];
        await sender.SendToAsync(new byte[1], to);
        var first = (IPEndPoint)(await a.ReceiveFromAsync(buffer)).RemoteEndPoint;
        first.Port = 1;
        to.Port = ((IPEndPoint)b.LocalEndPoint!).Port;
        await sender.SendToAsync(new byte[2], to);
        (await b.ReceiveFromAsync(buffer)).Length.Should().Be(2);
        to.Port = ((IPEndPoint)a.LocalEndPoint!).Port;
        await sender.SendToAsync(new byte[3], to);
        (await a.ReceiveFromAsync(buffer)).RemoteEndPoint.Should().Be(sender.LocalEndPoint);
    });

    [Fact]
    public void An_IPv6_socket_talks_to_both_families() => RunIo(async () =>
    {
        await using var wide = Udp.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        await using var narrow = Udp.Bind(AnyPort);
        await using var other = Udp.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        int port = ((IPEndPoint)wide.LocalEndPoint!).Port;
        var buffer = new byte[10];
        await wide.SendToAsync(new byte[4], narrow.LocalEndPoint!);
        (await narrow.ReceiveFromAsync(buffer)).Should().Be(new ReceivedDatagram(4, new IPEndPoint(IPAddress.Loopback, port), false));
        await wide.SendManyAsync(new DatagramMessage[] { new() { Buffer = new byte[6], RemoteEndPoint = other.LocalEndPoint },
            new() { Buffer = new byte[5], RemoteEndPoint = narrow.LocalEndPoint } });
        (await other.ReceiveFromAsync(buffer)).Should().Be(new ReceivedDatagram(6, new IPEndPoint(IPAddress.IPv6Loopback, port), false));
        (await narrow.ReceiveFromAsync(buffer)).Length.Should().Be(5);
        await narrow.SendToAsync(new byte[3], new IPEndPoint(IPAddress.Loopback, port));
        var mapped = (IPEndPoint)(await wide.ReceiveFromAsync(buffer)).RemoteEndPoint;
        mapped.Address.IsIPv4MappedToIPv6.Should().BeTrue();
        await wide.SendToAsync(new byte[2], mapped);
        (await narrow.ReceiveFromAsync(buffer)).Length.Should().Be(2);
        (await Catch(narrow.SendToAsync(new byte[1],
            other.LocalEndPoint!))).Should().BeOfType<SocketException>().Which.Message.Should().Contain(other.LocalEndPoint!.ToString());
    });

    [Fact]
    public void A_batch_of_any_length_leaves_turns_to_others() => RunIo(async () =>
    {
        await using var a = Udp.Bind(AnyPort);
        await using var b = Udp.Bind(AnyPort);
        var messages = new DatagramMessage[20_000];
        Array.Fill(messages, new DatagramMessage { Buffer = new byte[1], RemoteEndPoint = a.LocalEndPoint });
        int turns = 0;
        var other = Loop.CreateTask(async () =>
        {
            while (true)
            {
                await Loop.Yield();
                turns++;
            }
        });

        (await b.SendManyAsync(messages)).Should().Be(20_000);

        turns.Should().BeGreaterThan(10);
        other.Cancel();
    });

    [Fact]
    public void Datagrams_count_among_the_bytes_of_the_loop() => RunIo(async () =>
    {
        await using var a = Udp.Bind(AnyPort);
        await using var b = Udp.Bind(AnyPort);
        var io = Loop.Current.Core.Io;
        var (received, sent) = (io.Received, io.Sent);
        await b.SendToAsync(new byte[100], a.LocalEndPoint!);
        await b.SendManyAsync(new DatagramMessage[] { new() { Buffer = new byte[30], RemoteEndPoint = a.LocalEndPoint } });
        await a.ReceiveFromAsync(new byte[200]);
        await a.ReceiveManyAsync([new DatagramMessage { Buffer = new byte[200] }]);
        (io.Received - received, io.Sent - sent).Should().Be((130, 130));
    });
}
