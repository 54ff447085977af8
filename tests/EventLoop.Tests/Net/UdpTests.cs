using System.Net;
using System.Net.Sockets;
using System.Text;
using EventLoop.Net;

namespace EventLoop.Tests.Net;

public sealed class UdpOnEpollTests() : UdpTests(PollerKind.Epoll);

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
    public void What_does_not_fit_is_said_to_be_lost()
    {
        Assert.SkipUnless(Poller == PollerKind.Epoll, "a synchronous receive of .NET does not tell on Linux");
        RunIo(async () =>
        {
            await using var a = Udp.Bind(AnyPort);
            await using var b = Udp.Connect((IPEndPoint)a.LocalEndPoint!);
            await b.SendAsync(new byte[50]);
            var received = await a.ReceiveFromAsync(new byte[10]);
            received.Length.Should().Be(10);
            received.IsTruncated.Should().BeTrue();
        });
    }

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
        (await Catch(a.SendToAsync(new byte[70_000], a.LocalEndPoint!))).Should().BeOfType<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.MessageSize);
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
}
