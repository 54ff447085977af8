using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.Tests.Net;

// That nothing is allocated is a promise of epoll's: by .NET's own sockets it is exceptions that tell that one would block.
public sealed class LoopSocketOnEpollTests() : LoopSocketTests(PollerKind.Epoll)
{
    [Fact]
    public void Receive_send_and_the_waits_for_readiness_allocate_nothing() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        byte[] buffer = new byte[64], message = new byte[10], answer = new byte[64];
        var echo = Loop.CreateTask(async () =>
        {
            while (await server.ReceiveAsync(buffer) is > 0 and int count)
            {
                await server.SendAsync(buffer.AsMemory(0, count));
            }
        });
        long allocated = long.MaxValue;
        for (var patience = Stopwatch.StartNew(); allocated >= 1000 && patience.Elapsed < Seconds(5);)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            await Exchange(1000);
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        allocated.Should().BeLessThan(1000, "1000 exchanges");

        client.Close();
        await echo;
        server.Close();

        async Coroutine Exchange(int times)
        {
            for (int i = 0; i < times; i++)
            {
                await client.WaitWritableAsync();
                await client.SendAsync(message);
                await client.WaitReadableAsync();
                await client.ReceiveAsync(answer);
            }
        }
    });
}

public sealed class LoopSocketOnPortableTests() : LoopSocketTests(PollerKind.Portable);

public abstract class LoopSocketTests(PollerKind poller) : IoTest(poller)
{
    [Fact]
    public void What_is_sent_is_received() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        (await client.SendAsync("hello"u8.ToArray())).Should().Be(5);
        var buffer = new byte[16];
        (await server.ReceiveAsync(buffer)).Should().Be(5);
        buffer.AsSpan(0, 5).ToArray().Should().Equal("hello"u8.ToArray());
        client.Close();
        server.Close();
    });

    [Fact]
    public void A_receive_that_has_to_wait_is_completed_by_the_poll() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var buffer = new byte[16];
        var receiving = Loop.CreateTask(server.ReceiveAsync(buffer));
        await Yields(3);
        receiving.IsCompleted.Should().BeFalse();
        receiving.WaitingOn.Should().StartWith("receive from");
        await client.SendAsync(new byte[] { 42 });
        (await receiving).Should().Be(1);
        buffer[0].Should().Be(42);
        client.Close();
        server.Close();
    });

    [Fact]
    public void A_large_send_waits_for_the_reader_and_arrives_whole() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        byte[] sent = Pattern(8_000_000);
        var sending = Loop.CreateTask(async () =>
        {
            await client.SendAsync(sent);
            client.ShutdownSend();
        });
        await Yields(3);
        sending.IsCompleted.Should().BeFalse("nobody reads yet");
        byte[] received = await ReceiveAll(server, 65536);
        received.AsSpan().SequenceEqual(sent).Should().BeTrue();
        await sending;
        client.Close();
        server.Close();
    });

    [Fact]
    public void A_sequence_of_many_pieces_arrives_whole() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        byte[] sent = Pattern(1_000_000);
        var sequence = Pieces(sent, 777);
        var sending = Loop.CreateTask(async () =>
        {
            (await client.SendAsync(sequence)).Should().Be(sent.Length);
            client.ShutdownSend();
        });
        (await ReceiveAll(server)).AsSpan().SequenceEqual(sent).Should().BeTrue();
        await sending;
        client.Close();
        server.Close();
    });

    [Fact]
    public void Part_of_a_file_is_sent() => RunIo(async () =>
    {
        string path = Path.GetTempFileName();
        byte[] content = Pattern(3_000_000);
        File.WriteAllBytes(path, content);
        var (client, server) = await ConnectPair();
        using (var file = File.OpenHandle(path))
        {
            var sending = Loop.CreateTask(async () =>
            {
                (await client.SendFileAsync(file, 1000, 2_500_000)).Should().Be(2_500_000);
                (await client.SendFileAsync(file, 2_999_999, 100)).Should().Be(1, "the file ends there");
                client.ShutdownSend();
            });
            byte[] received = await ReceiveAll(server, 65536);
            received.AsSpan(0, 2_500_000).SequenceEqual(content.AsSpan(1000, 2_500_000)).Should().BeTrue();
            received[^1].Should().Be(content[^1]);
            await sending;
        }

        client.Close();
        server.Close();
        File.Delete(path);
    });

    [Fact]
    public void A_deadline_that_is_hours_away_disturbs_no_wait_for_a_socket() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var receiving = Loop.CreateTask(server.ReceiveAsync(new byte[1]));
        var sleeping = Loop.CreateTask(Loop.Sleep(TimeSpan.FromDays(20)));
        await Loop.ToThread(static () => Thread.Sleep(5));      // the loop parks until then
        await client.SendAsync(new byte[1]);
        (await receiving).Should().Be(1);
        sleeping.Cancel();
        client.Close();
        server.Close();
    });

    [Fact]
    public void The_end_of_one_direction_leaves_the_other_open() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        await client.SendAsync("question"u8.ToArray());
        client.ShutdownSend();
        (await ReceiveAll(server)).Should().HaveCount(8);
        await server.SendAsync("answer"u8.ToArray());
        server.ShutdownSend();
        (await ReceiveAll(client)).Should().HaveCount(6);
        client.Close();
        server.Close();
    });

    [Fact]
    public void A_reset_is_an_error_with_the_endpoint_and_never_a_clean_end() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var receiving = Loop.CreateTask(server.ReceiveAsync(new byte[16]));
        string peer = server.RemoteEndPoint!.ToString()!;
        await Yields(2);
        client.Abort();
        var failure = (await Catch(receiving)).Should().BeOfType<SocketException>().Subject;
        failure.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
        failure.Message.Should().Contain(peer);
        server.Close();
    });

    [Fact]
    public void A_reset_behind_data_arrives_behind_the_data() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var buffer = new byte[16];
        await client.SendAsync("x"u8.ToArray());
        await Until(() => server.Device.IsReadable);
        client.Abort();
        await Loop.Sleep(1);
        Exception? failure = await Catch(async () =>
        {
            while (await server.ReceiveAsync(buffer) > 0)
            {
            }
        });
        failure.Should().BeOfType<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
        server.Close();
    });

    [Fact]
    public void A_reset_that_a_look_met_first_is_no_clean_end_for_the_receive_neither_is_it_one_for_the_next() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var looking = Loop.CreateTask(server.ReceiveAsync(Memory<byte>.Empty));
        await Yields(2);
        client.Abort();
        await Catch(looking);
        for (int i = 0; i < 3; i++)
        {
            (await Catch(server.ReceiveAsync(new byte[16]))).Should().BeOfType<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
        }

        server.Close();
    });

    [Fact]
    public void The_end_behind_a_short_read_is_not_missed() => RunIo(async () =>
    {
        for (int i = 0; i < 50; i++)
        {
            var (client, server) = await ConnectPair();
            await client.SendAsync("abc"u8.ToArray());
            client.Close();
            (await ReceiveAll(server, 1024)).Should().HaveCount(3);
            server.Close();
        }
    });

    [Fact]
    public void Closing_fails_what_waits_and_what_comes_later() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var receiving = Loop.CreateTask(server.ReceiveAsync(new byte[16]));
        await Yields(2);
        server.Close();
        receiving.IsCompleted.Should().BeFalse("it fails through the ready queue, not inside the call");
        (await Catch(receiving)).Should().BeOfType<ObjectDisposedException>();
        (await Catch(server.ReceiveAsync(new byte[16]))).Should().BeOfType<ObjectDisposedException>();
        (await Catch(server.SendAsync(new byte[16]))).Should().BeOfType<ObjectDisposedException>();
        server.Close();
        client.Close();
    });

    [Fact]
    public void Another_thread_may_close_it() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var receiving = Loop.CreateTask(server.ReceiveAsync(new byte[16]));
        await Loop.ToThread(server.Close);
        (await Catch(receiving)).Should().BeOfType<ObjectDisposedException>();
        client.Close();
    });

    [Fact]
    public void A_second_receive_says_that_one_is_under_way() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var first = Loop.CreateTask(server.ReceiveAsync(new byte[16]));
        await Yields(2);
        (await Catch(server.ReceiveAsync(new byte[16]))).Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("one operation for each direction");
        await client.SendAsync(new byte[3]);
        (await first).Should().Be(3);
        client.Close();
        server.Close();
    });

    [Fact]
    public void A_cancelled_receive_takes_nothing() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var receiving = Loop.CreateTask(server.ReceiveAsync(new byte[16]));
        await Yields(2);
        receiving.Cancel();
        (await Catch(receiving)).Should().BeOfType<LoopCanceledException>();
        await client.SendAsync("all"u8.ToArray());
        client.ShutdownSend();
        (await ReceiveAll(server)).Should().HaveCount(3);
        client.Close();
        server.Close();
    });

    [Fact]
    public void A_cancellation_that_races_with_completion_loses_no_byte_and_doubles_none() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        const int Total = 2000;
        var received = new List<byte>();
        var reader = Loop.CreateTask(async () =>
        {
            var buffer = new byte[1];
            for (int attempt = 0; received.Count < Total; attempt++)
            {
                var receiving = Loop.CreateTask(server.ReceiveAsync(buffer));
                await Yields(attempt % 3);
                receiving.Cancel();
                if (await Catch(receiving) is null && receiving.Result == 1)
                {
                    received.Add(buffer[0]);
                }
            }
        });
        for (int i = 0; i < Total; i++)
        {
            await client.SendAsync(new[] { (byte)i });
            await Yields(i % 5);
        }

        await reader;
        received.Should().Equal(Enumerable.Range(0, Total).Select(static i => (byte)i));
        client.Close();
        server.Close();
    });

    [Fact]
    public void A_send_cancelled_in_the_middle_breaks_the_sending_direction() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var sending = Loop.CreateTask(client.SendAsync(new byte[16_000_000]));
        await Yields(3);
        sending.Cancel();
        (await Catch(sending)).Should().BeOfType<LoopCanceledException>();
        (await Catch(client.SendAsync(new byte[1]))).Should().BeOfType<IOException>().Which.Message.Should().Contain("cancelled");
        client.Abort();
        server.Abort();
    });

    [Fact]
    public void A_refused_connect_names_the_endpoint() => RunIo(async () =>
    {
        EndPoint nobody;
        using (var listener = Listening())
        {
            nobody = listener.LocalEndPoint!;
        }

        using var client = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var failure = (await Catch(client.ConnectAsync(nobody))).Should().BeOfType<SocketException>().Subject;
        failure.SocketErrorCode.Should().Be(SocketError.ConnectionRefused);
        failure.Message.Should().Contain(nobody.ToString());
    });

    [Fact]
    public void An_empty_receive_waits_until_there_is_something() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var waiting = Loop.CreateTask(server.ReceiveAsync(Memory<byte>.Empty));
        await Yields(3);
        waiting.IsCompleted.Should().BeFalse();
        await client.SendAsync(new byte[2]);
        (await waiting).Should().Be(0);
        (await server.ReceiveAsync(new byte[8])).Should().Be(2);
        client.Close();
        server.Close();
    });

    [Fact]
    public void An_operation_on_another_loop_is_refused() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        OnThread(() =>
        {
            using var other = new Loop(IoOptions);
            Action run = () => other.RunUntilComplete(server.ReceiveAsync(new byte[1]));
            run.Should().Throw<InvalidOperationException>().WithMessage("*another event loop*");
        });
        client.Close();
        server.Close();
    });

    [Fact]
    public void A_socket_of_dotnet_can_be_taken_over() => RunIo(async () =>
    {
        using var listener = Listening();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(listener.LocalEndPoint!);
        var client = new LoopSocket(socket);
        var server = await listener.AcceptAsync();
        await server.SendAsync(new byte[5]);
        (await client.ReceiveAsync(new byte[9])).Should().Be(5);
        client.Close();
        server.Close();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_wait_on_a_socket_of_dotnet_that_somebody_disposes_ends_with_an_ObjectDisposedException(bool onAnotherThread) => RunIo(async () =>
    {
        using var listener = Listening();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(listener.LocalEndPoint!);
        var client = new LoopSocket(socket);
        var server = await listener.AcceptAsync();
        var receiving = Loop.CreateTask(client.ReceiveAsync(new byte[9]));
        var sending = Loop.CreateTask(client.SendAsync(new byte[50_000_000]));
        await Yields(5);
        receiving.IsCompleted.Should().BeFalse();
        sending.IsCompleted.Should().BeFalse();
        if (onAnotherThread)
        {
            OnThread(socket.Dispose);
        }
        else
        {
            socket.Dispose();
        }

        (await Catch(receiving)).Should().BeOfType<ObjectDisposedException>();
        (await Catch(sending)).Should().BeOfType<ObjectDisposedException>();
        (await Catch(async Coroutine () => await client.ReceiveAsync(new byte[9]))).Should().BeOfType<ObjectDisposedException>();
        if (IoOptions.Poller == PollerKind.Epoll)
        {
            client.IsClosed.Should().BeTrue();
            (await Catch(async Coroutine () => await ReceiveAll(server, 1 << 20))).Should().BeOfType<SocketException>("the rest will never come");
        }

        client.Close();
        server.Close();
    });

    [Fact]
    public void A_closed_loop_closes_the_sockets_that_wait() => RunIo(async () =>
    {
        int before = OpenSockets();
        OnThread(() =>
        {
            using var other = new Loop(IoOptions);
            other.RunUntilComplete(async () =>
            {
                var (client, server) = await ConnectPair();
                _ = Loop.CreateTask(server.ReceiveAsync(new byte[1]));
                _ = Loop.CreateTask(client.ReceiveAsync(new byte[1]));
                await Yields(3);
            });
            other.ExceptionHandler = static (_, _) => { };
        });
        await Loop.Yield();
        OpenSockets().Should().BeLessThanOrEqualTo(before);
    });

    private static async Coroutine<Exception?> Catch(Func<Coroutine> body) => await Catch(body());

    internal static ReadOnlySequence<byte> Pieces(byte[] bytes, int size)
    {
        Piece? first = null, last = null;
        for (int at = 0; at < bytes.Length; at += size)
        {
            last = new Piece(bytes.AsMemory(at, Math.Min(size, bytes.Length - at)), last);
            first ??= last;
        }

        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        internal Piece(ReadOnlyMemory<byte> memory, Piece? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                previous.Next = this;
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
            }
        }
    }
}
