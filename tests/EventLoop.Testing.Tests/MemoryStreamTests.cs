using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EventLoop.Testing.Tests;

public class MemoryStreamTests
{
    private static async Coroutine CheckAsync(Func<MemoryStreamPair> make) => await StreamConformance.CheckTwoWay(
        async Coroutine<(Stream, Stream)> () =>
        {
            await Loop.Yield();
            var pair = make();
            return (pair.Left, pair.Right);
        },
        stream =>
        {
            ((MemoryDuplexStream)stream).ShutdownWrite();
            return Task.CompletedTask;
        });

    [LoopFact(Seeds = 3)]
    public Coroutine A_pair_conforms() => CheckAsync(() => new MemoryStreamPair());

    [LoopFact]
    public Coroutine A_pair_with_little_room_and_odd_chunks_conforms() =>
        CheckAsync(() => new MemoryStreamPair(new MemoryStreamOptions { Capacity = 1000, ChunkSizes = [100, 7, 1000] }));

    [LoopFact]
    public Coroutine A_pair_with_a_delay_conforms() => CheckAsync(() => new MemoryStreamPair(new MemoryStreamOptions { Delay = TimeSpan.FromSeconds(2) }));

    [LoopFact]
    public Coroutine A_lockstep_pair_conforms() => CheckAsync(() => MemoryStreamPair.Lockstep());

    [Fact]
    public async Task Other_peoples_streams_conform()
    {
        await StreamConformance.CheckTwoWay(
            async Task<(Stream, Stream)> () =>
            {
                using var listener = new TcpListener(IPAddress.Loopback, 0);
                listener.Start();
                var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await client.ConnectAsync(listener.LocalEndpoint);
                return (new NetworkStream(client, ownsSocket: true), new NetworkStream(await listener.AcceptSocketAsync(), ownsSocket: true));
            },
            stream =>
            {
                ((NetworkStream)stream).Socket.Shutdown(SocketShutdown.Send);
                return Task.CompletedTask;
            });
    }

    [Fact]
    public async Task Streams_that_break_rules_are_told_which()
    {
        var check = () => StreamConformance.CheckTwoWay(async Task<(Stream, Stream)> () =>
        {
            await Task.Yield();
            return (new MemoryStream(), new MemoryStream());
        });
        (await check.Should().ThrowAsync<StreamConformanceException>()).Which.Message.Should()
            .Contain("says that it reads and writes and does not seek (left to right)").And.Contain("delivers bytes as they were sent (right to left): the "
                + "data ended after 0 of 300 bytes");
    }

    [LoopFact]
    public async Task Reads_are_cut_as_the_script_says()
    {
        using var pair = new MemoryStreamPair(new MemoryStreamOptions { ChunkSizes = [1, 3] });
        await pair.Left.WriteAsync("hello world"u8.ToArray());
        pair.Left.ShutdownWrite();
        var sizes = new List<int>();
        byte[] buffer = new byte[100];
        do
        {
            sizes.Add(await pair.Right.ReadAsync(buffer));
        }
        while (sizes[^1] > 0);
        sizes.Should().Equal(1, 3, 1, 3, 1, 2, 0);
    }

    [LoopFact]
    public async Task Bytes_take_their_time_on_the_loops_clock()
    {
        using var pair = new MemoryStreamPair(new MemoryStreamOptions { Delay = TimeSpan.FromMinutes(1) });
        await pair.Left.WriteAsync(new byte[10]);
        await Loop.Sleep(TimeSpan.FromSeconds(20));
        await pair.Left.WriteAsync(new byte[10]);
        byte[] buffer = new byte[100];
        (await pair.Right.ReadAsync(buffer)).Should().Be(10);
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.FromSeconds(60));
        (await pair.Right.ReadAsync(buffer)).Should().Be(10);
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.FromSeconds(80));
    }

    [LoopTheory]
    [InlineData(51)]
    [InlineData(0.5)]
    [InlineData(0.0001)]
    [InlineData(1.7)]
    public async Task Bytes_take_their_time_to_the_tick(double milliseconds)
    {
        var delay = TimeSpan.FromMilliseconds(milliseconds);
        using var pair = new MemoryStreamPair(new MemoryStreamOptions { Delay = delay });
        await pair.Left.WriteAsync(new byte[1]);
        (await pair.Right.ReadAsync(new byte[1])).Should().Be(1);
        TestLoop.Clock.Elapsed.Should().Be(delay);
    }

    [LoopFact]
    public async Task A_reset_wakes_who_waits_and_fails_whatever_comes_later()
    {
        using var pair = new MemoryStreamPair();
        var reading = pair.Right.ReadAsync(new byte[1]).AsTask();
        await Loop.Yield();
        pair.Reset();
        var waiting = () => reading;
        (await waiting.Should().ThrowAsync<IOException>()).WithInnerException<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
        var writing = () => pair.Left.WriteAsync(new byte[1]).AsTask();
        await writing.Should().ThrowAsync<IOException>();
    }

    [LoopFact]
    public async Task A_wait_with_a_token_returns_through_the_ready_queue_and_not_through_the_thread_pool()
    {
        using var source = new CancellationTokenSource();
        using var pair = new MemoryStreamPair(new MemoryStreamOptions { Capacity = 1 });
        for (int i = 0; i < 100; i++)
        {
            var reading = pair.Right.ReadAsync(new byte[1], source.Token).AsTask();
            await pair.Left.WriteAsync(new byte[1], source.Token);
            await Loop.Yield();
            reading.IsCompletedSuccessfully.Should().BeTrue();
            await pair.Left.WriteAsync(new byte[1], source.Token);
            var writing = pair.Left.WriteAsync(new byte[1], source.Token).AsTask();
            (await pair.Right.ReadAsync(new byte[1], source.Token)).Should().Be(1);
            await Loop.Yield();
            writing.IsCompletedSuccessfully.Should().BeTrue();
            (await pair.Right.ReadAsync(new byte[1], source.Token)).Should().Be(1);
        }
    }

    [LoopFact]
    public async Task A_token_ends_the_wait_for_bytes_that_are_on_their_way()
    {
        using var source = new CancellationTokenSource();
        using var pair = new MemoryStreamPair(new MemoryStreamOptions { Delay = TimeSpan.FromHours(1) });
        await pair.Left.WriteAsync(new byte[1]);
        var reading = pair.Right.ReadAsync(new byte[1], source.Token).AsTask();
        await Loop.Yield();
        source.Cancel();      // not CancelAsync, which is not announced: time would go on meanwhile
        var waiting = () => reading;
        (await waiting.Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken.Should().Be(source.Token);
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.Zero);
        TestLoop.Clock.TimerCount.Should().Be(0);
        (await pair.Right.ReadAsync(new byte[1])).Should().Be(1);
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.FromHours(1));
    }

    [LoopFact]
    public async Task A_reset_or_a_disposal_ends_the_wait_for_bytes_that_are_on_their_way()
    {
        foreach (bool resets in new[] { true, false })
        {
            using var pair = new MemoryStreamPair(new MemoryStreamOptions { Delay = TimeSpan.FromHours(1) });
            await pair.Left.WriteAsync(new byte[1]);
            var reading = pair.Right.ReadAsync(new byte[1]).AsTask();
            await Loop.Yield();
            if (resets)
            {
                pair.Reset();
            }
            else
            {
                pair.Right.Dispose();
            }

            var waiting = () => reading;
            await waiting.Should().ThrowAsync<Exception>();
            (reading.Exception?.InnerException is IOException).Should().Be(resets);
            (reading.Exception?.InnerException is ObjectDisposedException).Should().Be(!resets);
            TestLoop.Clock.Elapsed.Should().Be(TimeSpan.Zero);
        }
    }

    [LoopFact]
    public async Task The_end_of_the_data_takes_its_time_as_bytes_do()
    {
        using var pair = new MemoryStreamPair(new MemoryStreamOptions { Delay = TimeSpan.FromMinutes(1) });
        await pair.Left.WriteAsync(new byte[1]);
        await Loop.Sleep(TimeSpan.FromSeconds(10));
        pair.Left.ShutdownWrite();
        (await pair.Right.ReadAsync(new byte[10])).Should().Be(1);
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.FromSeconds(60));
        (await pair.Right.ReadAsync(new byte[10])).Should().Be(0);
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.FromSeconds(70));
    }

    [LoopFact]
    public async Task A_write_after_the_half_close_fails_as_a_sockets_does()
    {
        using var pair = new MemoryStreamPair();
        pair.Left.ShutdownWrite();
        var writing = () => pair.Left.WriteAsync(new byte[1]).AsTask();
        (await writing.Should().ThrowAsync<IOException>()).WithInnerException<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.Shutdown);
        pair.Left.Dispose();
        await writing.Should().ThrowAsync<ObjectDisposedException>();
    }

    [LoopFact]
    public async Task In_lockstep_a_write_waits_until_it_was_read()
    {
        using var pair = MemoryStreamPair.Lockstep(2);
        var writing = pair.Left.WriteAsync("abc"u8.ToArray()).AsTask();
        byte[] buffer = new byte[10];
        (await pair.Right.ReadAsync(buffer)).Should().Be(2);
        await Loop.WaitUntilIdle();
        writing.IsCompleted.Should().BeFalse();
        (await pair.Right.ReadAsync(buffer)).Should().Be(1);
        await writing;
        Encoding.UTF8.GetString(buffer, 0, 1).Should().Be("c");
    }
}
