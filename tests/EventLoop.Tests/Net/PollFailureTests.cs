using System.Buffers;
using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Polling;

namespace EventLoop.Tests.Net;

public sealed class PollFailureOnEpollTests() : PollFailureTests(PollerKind.Epoll);

public sealed class PollFailureOnPortableTests() : PollFailureTests(PollerKind.Portable);

/// <summary>What throws inside the poll: it fails the operation that it belongs to, and nobody else notices.</summary>
public abstract class PollFailureTests(PollerKind poller) : IoTest(poller)
{
    [Fact]
    public void Memory_that_refuses_to_be_used_fails_the_receive_that_waits_and_nothing_else() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var (otherClient, otherServer) = await ConnectPair();
        var memory = new RefusingMemory(100);
        var receiving = Loop.CreateTask(server.ReceiveAsync(memory.Memory));
        var other = Loop.CreateTask(otherServer.ReceiveAsync(new byte[8]));
        await Yields(2);
        memory.Refuses = true;
        await client.SendAsync(new byte[3]);
        await otherClient.SendAsync(new byte[4]);
        (await Catch(receiving)).Should().BeOfType<FormatException>();
        (await other).Should().Be(4);
        (await server.ReceiveAsync(new byte[8])).Should().Be(3, "nothing was taken");
        Close(client, server, otherClient, otherServer);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Memory_that_refuses_to_be_used_fails_the_send_that_waits_and_breaks_the_direction(bool inPieces) => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var memory = new RefusingMemory(20_000_000);
        var sending = inPieces ? Loop.CreateTask(LongSend(server, memory)) : Loop.CreateTask(ShortSend(server, memory));
        await Yields(3);
        sending.IsCompleted.Should().BeFalse();
        memory.Refuses = true;
        var draining = Loop.CreateTask(ReceiveAll(client, 1 << 20));
        (await Catch(sending)).Should().BeOfType<FormatException>();
        (await Catch(server.SendAsync(new byte[1]))).Should().BeOfType<IOException>("part of something had gone");
        server.Close();
        (await draining).Length.Should().BeLessThan(20_000_000);
        client.Close();
    });

    [Fact]
    public void Memory_that_refuses_to_be_used_fails_a_receive_of_datagrams_only() => RunIo(async () =>
    {
        await using var a = Udp.Bind(AnyPort);
        await using var b = Udp.Connect((IPEndPoint)a.LocalEndPoint!);
        var memory = new RefusingMemory(100);
        foreach (bool many in new[] { false, true })
        {
            memory.Refuses = false;
            var receiving = many
                ? Loop.CreateTask(Count(a.ReceiveManyAsync([new DatagramMessage { Buffer = memory.Memory }])))
                : Loop.CreateTask(Length(a.ReceiveFromAsync(memory.Memory)));
            await Yields(2);
            memory.Refuses = true;
            await b.SendAsync(new byte[5]);
            (await Catch(receiving)).Should().BeOfType<FormatException>();
            (await a.ReceiveFromAsync(new byte[10])).Length.Should().Be(5);
        }
    });

    [Fact]
    public void Whatever_a_waiter_throws_in_the_poll_is_its_own_failure() => RunIo(async () =>
    {
        var device = new ScriptedDevice();
        var socket = device.Open();
        var waiter = new ThrowingWaiter();
        socket.Wait(waiter, reads: true);
        device.Receives.Enqueue(WouldBlock);
        (await AttemptInVain(socket)).Should().BeFalse();
        socket.Wait(waiter, reads: false);
        device.Ready(Readiness.Readable | Readiness.Writable);
        waiter.Failures.Should().Equal("told", "told");
        socket.Close();
    });

    private const int WouldBlock = StreamDevice.WouldBlock;

    private static Coroutine<bool> AttemptInVain(LoopSocket socket) => After(0, socket.TryReceive(new byte[1]) != WouldBlock);

    private static async Coroutine<long> LongSend(LoopSocket socket, RefusingMemory memory)
    {
        var first = new Piece(memory.Memory[..10_000_000], 0);
        var last = first.Append(memory.Memory[10_000_000..]);
        return await socket.SendAsync(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));
    }

    private static async Coroutine<long> ShortSend(LoopSocket socket, RefusingMemory memory) => await socket.SendAsync(memory.Memory);

    private static async Coroutine<int> Count(Coroutine<int> receive) => await receive;

    private static async Coroutine<int> Length(Coroutine<ReceivedDatagram> receive) => (await receive).Length;

    private static void Close(params LoopSocket[] sockets) => Array.ForEach(sockets, static socket => socket.Close());

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        internal Piece(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        internal Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }

    private sealed class ThrowingWaiter : SocketWaiter
    {
        internal List<string> Failures { get; } = [];

        internal override bool TryAgain() => throw new FormatException("told");

        internal override void OnClosed(Exception reason) => Failures.Add(reason.Message);

        internal override void Execute()
        {
        }
    }
}
