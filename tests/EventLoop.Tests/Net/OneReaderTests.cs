using System.IO.Pipelines;
using System.Text;
using EventLoop.Net;
using EventLoop.Testing;

namespace EventLoop.Tests.Net;

/// <summary>A connection has one reader at a time, whichever way it reads; and calling off a pipe's read or flush concerns nobody else.</summary>
public sealed class OneReaderTests : LoopTest
{
    public static readonly IReadOnlyList<string> Kinds = ["pipe", "read", "line", "exact", "exact memory", "until", "to the end", "stream"];

    public static TheoryData<string, string> Pairs => [.. Kinds.SelectMany(static first => Kinds.Select(second => (first, second)))];

    public static TheoryData<string> Others => [.. Kinds.Where(static kind => kind != "pipe")];

    // What it read, as text.
    private static async Coroutine<string> Read(Connection connection, string kind)
    {
        byte[] buffer = new byte[4];
        switch (kind)
        {
            case "pipe":
                var result = await connection.Input.ReadAsync();
                string text = Encoding.ASCII.GetString(System.Buffers.BuffersExtensions.ToArray(result.Buffer));
                connection.Input.AdvanceTo(result.Buffer.End);
                return result.IsCanceled ? "cancelled" : text;
            case "read":
                return Encoding.ASCII.GetString(buffer, 0, await connection.ReadAsync(buffer));
            case "line":
                return await connection.ReadLineAsync() + "\n";
            case "exact":
                return Encoding.ASCII.GetString(await connection.ReadExactlyAsync(4));
            case "exact memory":
                await connection.ReadExactlyAsync(buffer.AsMemory());
                return Encoding.ASCII.GetString(buffer);
            case "until":
                return Encoding.ASCII.GetString(await connection.ReadUntilAsync("\n"u8.ToArray()));
            case "to the end":
                return Encoding.ASCII.GetString(await connection.ReadToEndAsync());
            default:
                return Encoding.ASCII.GetString(buffer, 0, await connection.AsStream().ReadAsync(buffer));
        }
    }

    private static async Coroutine<Exception?> CatchRead(Connection connection, string kind)
    {
        try
        {
            await Read(connection, kind);
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_second_read_while_one_waits_is_refused_and_takes_nothing(string first, string second) => RunLoop(async () =>
    {
        await using var pair = new MemoryConnectionPair();
        var reading = Loop.CreateTask(Read(pair.Right, first));
        await Yields(3);
        (await CatchRead(pair.Right, second)).Should().BeOfType<InvalidOperationException>();
        await pair.Left.WriteAsync("abc\n");
        (await CatchRead(pair.Right, second)).Should().BeOfType<InvalidOperationException>("the bytes have come, and the first read has not taken them yet");
        ((Action)(() => pair.Right.Input.TryRead(out _))).Should().Throw<InvalidOperationException>();
        await pair.Left.ShutdownWriteAsync();
        (await reading).Should().Be("abc\n");
    });

    [Theory]
    [MemberData(nameof(Others))]
    public void A_read_between_two_arrivals_of_another_one_is_refused(string first) => RunLoop(async () =>
    {
        await using var pair = new MemoryConnectionPair();
        var reading = Loop.CreateTask(Read(pair.Right, first));
        await Yields(3);
        await pair.Left.WriteAsync("a");
        for (int i = 0; i < 10 && !reading.IsCompleted; i++)
        {
            await Loop.Yield();
            if (!reading.IsCompleted)
            {
                (await CatchRead(pair.Right, "read")).Should().BeOfType<InvalidOperationException>();
            }
        }

        await pair.Left.WriteAsync("bc\n");
        await pair.Left.ShutdownWriteAsync();
        (await reading).Should().Be(first is "read" or "stream" ? "a" : "abc\n");
    });

    [Theory]
    [MemberData(nameof(Others))]
    public void Calling_off_a_pipe_read_leaves_every_other_read_alone(string kind) => RunLoop(async () =>
    {
        await using var pair = new MemoryConnectionPair();
        var reading = Loop.CreateTask(Read(pair.Right, kind));
        await Yields(3);
        pair.Right.Input.CancelPendingRead();
        await Yields(3);
        reading.IsCompleted.Should().BeFalse();
        await pair.Left.WriteAsync("abc\n");
        await pair.Left.ShutdownWriteAsync();
        (await reading).Should().Be("abc\n");
        (await Read(pair.Right, "pipe")).Should().Be("cancelled", "the next read of the pipe is meant");
        (await pair.Right.Input.ReadAsync()).IsCompleted.Should().BeTrue();
    });

    [Fact]
    public void A_pipe_read_is_called_off_with_what_has_just_come_for_it() => RunLoop(async () =>
    {
        await using var pair = new MemoryConnectionPair();
        var reading = Loop.CreateTask(async () => await pair.Right.Input.ReadAsync());
        await Yields(3);
        await pair.Left.WriteAsync("x");
        while (reading.Status != LoopTaskStatus.Ready)
        {
            await Loop.Yield();
        }

        pair.Right.Input.CancelPendingRead();
        var result = await reading;
        (result.IsCanceled, result.Buffer.Length).Should().Be((true, 1), "as with a Pipe: nobody has it yet");
        pair.Right.Input.AdvanceTo(result.Buffer.End);
        await pair.Left.WriteAsync("y");
        result = await pair.Right.Input.ReadAsync();
        (result.IsCanceled, result.Buffer.Length).Should().Be((false, 1));
        pair.Right.Input.AdvanceTo(result.Buffer.End);
    });

    [Fact]
    public void After_a_cancelled_read_the_next_one_may_begin_in_the_same_step() => RunLoop(async () =>
    {
        await using var pair = new MemoryConnectionPair();
        var reading = Loop.CreateTask(pair.Right.ReadAsync(new byte[1]));
        await Yields(3);
        reading.Cancel();
        await pair.Left.WriteAsync("x");
        (await pair.Right.ReadExactlyAsync(1)).Should().Equal((byte)'x');
        (await Catch(reading)).Should().BeOfType<LoopCanceledException>();
    });

    [Fact]
    public void Calling_off_a_flush_leaves_writes_and_drains_of_the_connection_alone() => RunLoop(async () =>
    {
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Capacity = 1000 });
        var writing = Loop.CreateTask(pair.Left.WriteAsync(new byte[200_000]));
        var draining = Loop.CreateTask(pair.Left.DrainAsync());
        await Yields(3);
        pair.Left.Output.CancelPendingFlush();
        await Yields(3);
        writing.IsCompleted.Should().BeFalse();
        draining.IsCompleted.Should().BeFalse();
        (await pair.Right.ReadExactlyAsync(200_000)).Should().HaveCount(200_000);
        await writing;
        await draining;
        (await pair.Left.Output.FlushAsync()).IsCanceled.Should().BeTrue("the next flush is meant");
    });

    [Fact]
    public void A_write_of_the_pipe_that_is_called_off_loses_nothing_and_keeps_its_place() => RunLoop(async () =>
    {
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Capacity = 1000 });
        var before = Loop.CreateTask(pair.Left.WriteAsync(Enumerable.Repeat((byte)'1', 100_000).ToArray()));
        await Yields(2);
        var called = Loop.CreateTask(async () => await pair.Left.Output.WriteAsync(Enumerable.Repeat((byte)'2', 100_000).ToArray()));
        await Yields(2);
        pair.Left.Output.CancelPendingFlush();
        await Yields(2);
        var behind = Loop.CreateTask(pair.Left.WriteAsync("3"));
        string got = Encoding.ASCII.GetString(await pair.Right.ReadExactlyAsync(200_001));
        got.Should().Be(new string('1', 100_000) + new string('2', 100_000) + "3");
        (await called).IsCanceled.Should().BeTrue();
        await before;
        await behind;
        pair.Left.Output.CancelPendingFlush();
        (await pair.Left.Output.WriteAsync("4"u8.ToArray())).IsCanceled.Should().BeTrue();
        (await pair.Right.ReadExactlyAsync(1)).Should().Equal((byte)'4');
    });

    [Theory]
    [InlineData("abc\n", 3, "abc")]
    [InlineData("abc\r\n", 3, "abc")]
    [InlineData("abc", 3, "abc")]
    [InlineData("\r\n", 0, "")]
    [InlineData("abcd\n", 3, null)]
    [InlineData("abcd\r\n", 3, null)]
    [InlineData("abc\r", 3, null)]
    [InlineData("abc\rd\n", 4, null)]
    public void The_limit_of_a_line_counts_what_is_returned(string sent, int limit, string? expected) => RunLoop(async () =>
    {
        foreach (int split in Enumerable.Range(0, sent.Length + 1))
        {
            await using var pair = new MemoryConnectionPair();
            var reading = Loop.CreateTask(pair.Right.ReadLineAsync(limit));
            await pair.Left.WriteAsync(sent[..split]);
            await Yields(5);
            await pair.Left.WriteAsync(sent[split..]);
            await pair.Left.ShutdownWriteAsync();
            if (expected is null)
            {
                (await Catch(reading)).Should().BeOfType<LimitOverrunException>();
            }
            else
            {
                (await reading).Should().Be(expected);
            }
        }
    });

    [Fact]
    public void Wrong_counts_are_refused_whatever_the_connection_stands_on() => RunLoop(async () =>
    {
        await using var pair = new MemoryConnectionPair();
        (await Catch(pair.Right.ReadExactlyAsync(-1))).Should().BeOfType<ArgumentOutOfRangeException>();
        (await Catch(pair.Right.ReadLineAsync(-1))).Should().BeOfType<ArgumentOutOfRangeException>();
        (await Catch(pair.Right.ReadToEndAsync(-1))).Should().BeOfType<ArgumentOutOfRangeException>();
        (await Catch(pair.Right.ReadUntilAsync("x"u8.ToArray(), -1))).Should().BeOfType<ArgumentOutOfRangeException>();
        using var none = new Microsoft.Win32.SafeHandles.SafeFileHandle(-1, ownsHandle: false);
        (await Catch(async () => await pair.Right.SendFileAsync(none, -1, 1))).Should().BeOfType<ArgumentOutOfRangeException>();
        (await Catch(async () => await pair.Right.SendFileAsync(none, 0, -1))).Should().BeOfType<ArgumentOutOfRangeException>();
        await pair.Right.WriteAsync("x");
        (await pair.Left.ReadExactlyAsync(1)).Should().HaveCount(1, "a refused call takes no effect");
    });

    private static async Coroutine<Exception?> Catch(Func<Coroutine> body)
    {
        try
        {
            await body();
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }

    [Fact]
    public void A_delimiter_of_several_bytes_is_found_across_many_blocks() => RunLoop(async () =>
    {
        await using var pair = new MemoryConnectionPair();
        byte[] sent = [.. Enumerable.Repeat((byte)'-', 50_000), .. "-->"u8];
        var reading = Loop.CreateTask(pair.Right.ReadUntilAsync("-->"u8.ToArray(), limit: 100_000));
        for (int at = 0; at < sent.Length; at += 777)
        {
            await pair.Left.WriteAsync(sent.AsMemory(at, Math.Min(777, sent.Length - at)));
            await Loop.Yield();
        }

        (await reading).Should().Equal(sent);
    });

    [Fact]
    public void Sixty_four_thousand_writers_cost_no_more_each_than_a_thousand() => RunLoop(async () =>
    {
        // The best of several: a busy machine and the collector only add. Sixteen times as many fit into no cache, which is dear, but not by the square.
        const double most = 16 * 8;
        await TimeOf(1000);
        double ratio = double.MaxValue;
        for (int attempt = 0; attempt < 5 && ratio >= most; attempt++)
        {
            double few = Math.Max(await TimeOf(4000), await TimeOf(4000));
            ratio = Math.Min(ratio, await TimeOf(64_000) / few);
        }

        ratio.Should().BeLessThan(most, "a list that is shifted for each would cost 256 times as much");

        static async Coroutine<double> TimeOf(int writers)
        {
            var pair = new MemoryConnectionPair(new MemoryStreamOptions { Capacity = 1000 });
            var blocked = Loop.CreateTask(pair.Left.WriteAsync(new byte[100_000]));
            await Yields(3);
            var all = new List<LoopTask<int>>(writers);
            for (int i = 0; i < writers; i++)
            {
                all.Add(Loop.CreateTask(pair.Left.WriteAsync(new byte[] { 1 })));
            }

            await Loop.Yield();
            long began = System.Diagnostics.Stopwatch.GetTimestamp();
            for (int i = 0; i < writers; i += 2)
            {
                all[i].Cancel();
            }

            var reading = Loop.CreateTask(pair.Right.ReadExactlyAsync(100_000 + (writers / 2)));
            await Loop.Wait(all.Select(static task => (LoopTask)task));
            await reading;
            await blocked;
            double took = System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            pair.Left.Abort();
            pair.Right.Abort();
            return took;
        }
    });
}
