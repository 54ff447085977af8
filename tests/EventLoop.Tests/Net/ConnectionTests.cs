using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.Tests.Net;

/// <summary>What a connection promises, whatever it stands on.</summary>
public abstract class ConnectionTests(PollerKind poller) : IoTest(poller)
{
    protected abstract Coroutine<(Connection Client, Connection Server)> Pair();

    protected void WithPair(Func<Connection, Connection, Coroutine> body) => RunIo(async () =>
    {
        var (client, server) = await Pair();
        await body(client, server);
        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Fact]
    public void Lines_are_found_wherever_they_are_split() => WithPair(async (client, server) =>
    {
        byte[] text = "first\r\nsecond\n\nlast"u8.ToArray();
        for (int split = 0; split <= text.Length; split++)
        {
            var (a, b) = await Pair();
            var lines = Loop.CreateTask(async () =>
            {
                var all = new List<string>();
                while (await b.ReadLineAsync() is { } line)
                {
                    all.Add(line);
                }

                return all;
            });
            await a.WriteAsync(text.AsMemory(0, split));
            await Loop.Sleep(TimeSpan.FromMicroseconds(100));
            await a.WriteAsync(text.AsMemory(split));
            await a.ShutdownWriteAsync();
            (await lines).Should().Equal("first", "second", "", "last");
            await a.DisposeAsync();
            await b.DisposeAsync();
        }
    });

    [Fact]
    public void A_delimiter_is_found_wherever_it_is_split() => WithPair(async (client, server) =>
    {
        byte[] text = "ab--a-b-BOUND"u8.ToArray();
        foreach (int size in new[] { 1, 2, 3, 5 })
        {
            var (a, b) = await Pair();
            var found = Loop.CreateTask(b.ReadUntilAsync("-BOUND"u8.ToArray()));
            for (int at = 0; at < text.Length; at += size)
            {
                await a.WriteAsync(text.AsMemory(at, Math.Min(size, text.Length - at)));
                await Loop.Sleep(TimeSpan.FromMicroseconds(50));
            }

            (await found).Should().Equal(text);
            await a.DisposeAsync();
            await b.DisposeAsync();
        }
    });

    [Fact]
    public void A_line_longer_than_the_limit_is_refused_and_nothing_is_consumed() => WithPair(async (client, server) =>
    {
        await client.WriteAsync(new string('x', 300) + "\nnext\n");
        var failure = (await Catch(server.ReadLineAsync(100))).Should().BeOfType<LimitOverrunException>().Subject;
        failure.Message.Should().Contain("100");
        (await server.ReadLineAsync(300)).Should().HaveLength(300);
        (await server.ReadLineAsync()).Should().Be("next");
    });

    [Fact]
    public void A_line_that_never_ends_does_not_fill_the_memory() => WithPair(async (client, server) =>
    {
        var flood = Loop.CreateTask(client.WriteAsync(new byte[32_000_000]));
        (await Catch(server.ReadLineAsync(10_000))).Should().BeOfType<LimitOverrunException>().Which.Buffered.Should().BeLessThan(200_000);
        flood.Cancel();
        await Catch(flood);
        client.Abort();
    });

    [Fact]
    public void What_is_missing_of_an_exact_read_is_told_with_what_came() => WithPair(async (client, server) =>
    {
        await client.WriteAsync("abc");
        await client.ShutdownWriteAsync();
        var failure = (await Catch(server.ReadExactlyAsync(5))).Should().BeOfType<IncompleteReadException>().Subject;
        failure.Partial.ToArray().Should().Equal("abc"u8.ToArray());
        failure.Expected.Should().Be(5);
    });

    [Fact]
    public void Exact_reads_cut_the_stream_where_they_are_told() => WithPair(async (client, server) =>
    {
        byte[] sent = Pattern(200_000);
        var writing = Loop.CreateTask(client.WriteAsync(sent));
        byte[] first = await server.ReadExactlyAsync(1);
        byte[] second = await server.ReadExactlyAsync(70_001);
        var third = new byte[129_998];
        await server.ReadExactlyAsync(third);
        first.Concat(second).Concat(third).Should().Equal(sent);
        await writing;
    });

    [Fact]
    public void All_that_comes_until_the_end_is_read() => WithPair(async (client, server) =>
    {
        byte[] sent = Pattern(3_000_000);
        var writing = Loop.CreateTask(async () =>
        {
            await client.WriteAsync(sent);
            await client.ShutdownWriteAsync();
        });
        (await server.ReadToEndAsync()).AsSpan().SequenceEqual(sent).Should().BeTrue();
        await writing;
        (await server.ReadToEndAsync()).Should().BeEmpty();
        (await server.ReadLineAsync()).Should().BeNull();
    });

    [Fact]
    public void Writes_keep_their_order_also_when_several_tasks_write() => WithPair(async (client, server) =>
    {
        var writers = Enumerable.Range(0, 8).Select(i =>
            Loop.CreateTask(client.WriteAsync(Enumerable.Repeat((byte)i, 300_000).ToArray()), eager: true)).ToArray();
        await Yields(2);
        for (int i = 0; i < 8; i++)
        {
            (await server.ReadExactlyAsync(300_000)).Should().OnlyContain(value => value == i);
        }

        await Loop.Gather(writers.Select(static task => (LoopTask)task));
    });

    [Fact]
    public void A_peer_that_does_not_read_stops_the_writer_at_the_mark() => WithPair(async (client, server) =>
    {
        long written = 0;
        var writing = Loop.CreateTask(async () =>
        {
            while (true)
            {
                written += await client.WriteAsync(new byte[10_000]);
            }
        });
        await Loop.Sleep(20);
        long held = written;
        await Loop.Sleep(5);
        written.Should().Be(held);
        client.Out.UnflushedBytes.Should().Be(0);
        (await server.ReadExactlyAsync((int)held - 100_000)).Should().NotBeEmpty();
        await Until(() => written > held);
        writing.Cancel();
        await Catch(writing);
        client.Abort();
    });

    [Fact]
    public void A_pipe_reader_sees_bytes_until_they_are_consumed() => WithPair(async (client, server) =>
    {
        await client.WriteAsync("hello");
        var result = await server.Input.ReadAsync();
        result.Buffer.Length.Should().Be(5);
        server.Input.AdvanceTo(result.Buffer.GetPosition(2));
        result = await server.Input.ReadAsync();
        result.Buffer.Length.Should().Be(3, "what was not examined is there at once");
        server.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        var reading = server.Input.ReadAsync();
        reading.IsCompleted.Should().BeFalse("what was examined is not worth a second look");
        await client.WriteAsync("!");
        (await reading).Buffer.Length.Should().Be(4);
        server.Input.AdvanceTo(result.Buffer.Start);
        server.Input.TryRead(out result).Should().BeTrue();
        server.Input.AdvanceTo(result.Buffer.End);
        server.Input.TryRead(out _).Should().BeFalse();
        await client.Output.CompleteAsync();
        result = await server.Input.ReadAsync();
        result.IsCompleted.Should().BeTrue();
        result.Buffer.IsEmpty.Should().BeTrue();
    });

    [Fact]
    public void A_pending_pipe_read_can_be_called_off() => WithPair(async (client, server) =>
    {
        var reading = Loop.CreateTask(async () => await server.Input.ReadAsync());
        await Yields(3);
        server.Input.CancelPendingRead();
        (await reading).IsCanceled.Should().BeTrue();
        using var source = new CancellationTokenSource();
        var second = Loop.CreateTask(async () => await server.Input.ReadAsync(source.Token));
        await Yields(3);
        source.Cancel();
        (await Catch(second)).Should().BeAssignableTo<OperationCanceledException>();
        await client.WriteAsync("x");
        (await server.ReadExactlyAsync(1)).Should().HaveCount(1);
    });

    [Fact]
    public void A_pipe_read_that_is_called_off_twice_is_called_off_once() => WithPair(async (client, server) =>
    {
        var reading = Loop.CreateTask(async () => await server.Input.ReadAsync());
        await Yields(3);
        server.Input.CancelPendingRead();
        server.Input.CancelPendingRead();
        (await reading).IsCanceled.Should().BeTrue();
        await client.WriteAsync("x");
        var next = await server.Input.ReadAsync();
        (next.IsCanceled, next.Buffer.Length).Should().Be((false, 1), "both requests meant the read that was waiting");
        server.Input.AdvanceTo(next.Buffer.End);
    });

    [Fact]
    public void Cancelling_the_task_interrupts_a_pipe_read() => WithPair(async (client, server) =>
    {
        var reading = Loop.CreateTask(async () => await server.Input.ReadAsync());
        await Yields(3);
        reading.Cancel();
        (await Catch(reading)).Should().BeOfType<LoopCanceledException>();
        await client.WriteAsync("x");
        (await server.ReadExactlyAsync(1)).Should().HaveCount(1);
    });

    [Fact]
    public void A_pipe_writer_sends_many_segments_whole() => WithPair(async (client, server) =>
    {
        byte[] sent = Pattern(1_000_000);
        var writing = Loop.CreateTask(async () =>
        {
            for (int at = 0; at < sent.Length;)
            {
                int count = Math.Min(1 + at % 7777, sent.Length - at);
                sent.AsSpan(at, count).CopyTo(client.Output.GetSpan(count));
                client.Output.Advance(count);
                at += count;
                if (at % 3 == 0)
                {
                    await client.Output.FlushAsync();
                }
            }

            await client.Output.FlushAsync();
            client.Output.Complete();
        });
        (await server.ReadToEndAsync()).AsSpan().SequenceEqual(sent).Should().BeTrue();
        await writing;
    });

    [Fact]
    public void A_reset_while_reading_is_an_error_with_the_endpoint() => WithPair(async (client, server) =>
    {
        string peer = server.RemoteEndPoint!.ToString()!;
        var reading = Loop.CreateTask(server.ReadLineAsync());
        await Yields(2);
        client.Abort();
        (await Catch(reading)).Should().BeAssignableTo<IOException>().Which.Message.Should().Contain(peer);
    });

    [Fact]
    public void A_reset_while_writing_is_an_error_with_the_endpoint() => WithPair(async (client, server) =>
    {
        string peer = server.RemoteEndPoint!.ToString()!;
        var writing = Loop.CreateTask(server.WriteAsync(new byte[16_000_000]));
        await Yields(2);
        client.Abort();
        (await Catch(writing)).Should().BeAssignableTo<IOException>().Which.Message.Should().Contain(peer);
        (await Catch(server.WriteAsync("more"))).Should().BeAssignableTo<IOException>();
    });

    [Fact]
    public void A_reset_that_a_write_met_first_is_no_clean_end_for_the_reader() => WithPair(async (client, server) =>
    {
        server.Abort();
        Exception? met = null;
        while (met is null)
        {
            try
            {
                await client.WriteAsync("more"u8.ToArray());
                await client.FlushAsync();
                await Loop.Yield();
            }
            catch (IOException failure)
            {
                met = failure;
            }
        }

        (await Catch(client.ReadLineAsync())).Should().BeAssignableTo<IOException>().And.NotBeOfType<IncompleteReadException>();
    });

    [OneSchedule("it would take long, and shows a depth, a size or a collection")]
    [Fact]
    public void A_reset_while_sending_a_file_is_an_error_of_the_same_kind() => WithPair(async (client, server) =>
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, new byte[16_000_000]);
        using (var file = File.OpenHandle(path))
        {
            var sending = Loop.CreateTask(server.SendFileAsync(file, 0, 16_000_000));
            await Yields(3);
            client.Abort();
            (await Catch(sending)).Should().BeAssignableTo<IOException>();
        }

        File.Delete(path);
    });

    [Fact]
    public void Each_direction_ends_by_itself_and_the_other_goes_on() => WithPair(async (client, server) =>
    {
        await client.WriteAsync("question");
        await client.ShutdownWriteAsync();
        (await server.ReadToEndAsync()).Should().HaveCount(8);
        byte[] answer = Pattern(500_000);
        var writing = Loop.CreateTask(async () =>
        {
            await server.WriteAsync(answer);
            await server.ShutdownWriteAsync();
        });
        (await client.ReadToEndAsync()).Should().Equal(answer);
        await writing;
        (await Catch(client.WriteAsync("more"))).Should().BeOfType<InvalidOperationException>();
    });

    [Fact]
    public void A_cancellation_that_races_with_a_read_loses_no_byte_and_doubles_none() => WithPair(async (client, server) =>
    {
        const int Total = 1000;
        var got = new List<string>();
        var reader = Loop.CreateTask(async () =>
        {
            for (int attempt = 0; got.Count < Total; attempt++)
            {
                var reading = Loop.CreateTask(server.ReadLineAsync());
                await Yields(attempt % 4);
                reading.Cancel();
                if (await Catch(reading) is null)
                {
                    got.Add(reading.Result!);
                }
            }
        });
        for (int i = 0; i < Total; i++)
        {
            // Every other line in two pieces.
            string line = $"line {i}\n";
            await client.WriteAsync(i % 2 == 0 ? line : line[..3]);
            await Yields(i % 5);
            if (i % 2 == 1)
            {
                await client.WriteAsync(line[3..]);
            }
        }

        await reader;
        got.Should().Equal(Enumerable.Range(0, Total).Select(static i => $"line {i}"));
    });

    [Fact]
    public void A_write_cancelled_in_the_middle_breaks_the_sending_direction_and_one_that_had_not_begun_does_not() => WithPair(async (client, server) =>
    {
        var first = Loop.CreateTask(client.WriteAsync(new byte[16_000_000]), eager: true);
        var second = Loop.CreateTask(client.WriteAsync(new byte[1]), eager: true);
        await Yields(3);
        second.Cancel();
        (await Catch(second)).Should().BeOfType<LoopCanceledException>();
        first.IsCompleted.Should().BeFalse("the one behind it had nothing to do with it");
        first.Cancel();
        (await Catch(first)).Should().BeOfType<LoopCanceledException>();
        (await Catch(client.WriteAsync("more"))).Should().BeOfType<IOException>().Which.Message.Should().Contain("cancelled");
        client.Abort();
    });

    [Fact]
    public void Closing_fails_what_waits_and_what_comes_later() => WithPair(async (client, server) =>
    {
        var reading = Loop.CreateTask(server.ReadLineAsync());
        var writing = Loop.CreateTask(server.WriteAsync(new byte[16_000_000]));
        await Yields(3);
        server.Abort();
        (await Catch(reading)).Should().BeOfType<ObjectDisposedException>();
        (await Catch(writing)).Should().BeAssignableTo<Exception>().And.Match(static e => e is ObjectDisposedException || e is IOException);
        (await Catch(server.ReadLineAsync())).Should().BeOfType<ObjectDisposedException>();
        (await Catch(server.WriteAsync("x"))).Should().BeOfType<ObjectDisposedException>();
    });

    [Fact]
    public void Disposing_lets_what_was_written_go_out() => WithPair(async (client, server) =>
    {
        byte[] sent = Pattern(60_000);
        for (int i = 0; i < 50 && client.Out.IsEmpty; i++)
        {
            await client.WriteAsync(sent);
            await Loop.Yield();
        }

        var closing = client.DisposeAsync();
        (await server.ReadToEndAsync()).Length.Should().BeGreaterThanOrEqualTo(60_000);
        await closing;
    });

    [Fact]
    public void A_connection_can_be_disposed_when_its_loop_does_not_run_and_when_it_is_closed()
    {
        int before = OpenSockets();
        var loop = NewLoop(IoOptions);
        var (client, server) = loop.RunUntilComplete(Pair());
        client.DisposeAsync().IsCompletedSuccessfully.Should().BeTrue();
        client.IsClosed.Should().BeTrue();
        loop.RunUntilComplete(async Coroutine () => (await server.ReadLineAsync()).Should().BeNull());
        loop.Dispose();
        server.AsStream().Dispose();
        server.IsClosed.Should().BeTrue();
        OpenSockets().Should().BeLessThanOrEqualTo(before);
    }

    [Fact]
    public void What_was_not_sent_when_a_connection_is_disposed_between_two_runs_goes_out_in_the_second()
    {
        using var loop = NewLoop(IoOptions);
        var (client, server) = loop.RunUntilComplete(Pair());
        long written = 0;
        loop.RunUntilComplete(async Coroutine () =>
        {
            written = await Fill(client);
        });
        client.DisposeAsync().IsCompletedSuccessfully.Should().BeTrue();
        loop.RunUntilComplete(async Coroutine () => ((long)(await server.ReadToEndAsync()).Length).Should().Be(written));
        server.Abort();
    }

    [Fact]
    public void The_stream_of_a_connection_reads_and_writes_from_other_threads_too() => WithPair(async (client, server) =>
    {
        var there = client.AsStream();
        var here = server.AsStream();
        var echo = Task.Run(async () =>
        {
            var buffer = new byte[100];
            int count = await there.ReadAsync(buffer);
            await there.WriteAsync(buffer.AsMemory(0, count));
            there.Write(buffer, 0, count);
            return there.Read(buffer, 0, 100);
        });
        await here.WriteAsync("ping"u8.ToArray());
        var answer = new byte[8];
        await here.ReadExactlyAsync(answer);
        await here.WriteAsync("x"u8.ToArray());
        (await echo).Should().Be(1);
        Action blocking = () => here.ReadByte();
        blocking.Should().Throw<InvalidOperationException>().WithMessage("*ReadAsync*");
    });

    [Fact]
    public void Ordinary_async_code_on_a_stream_resumes_in_its_task() => WithPair(async (client, server) =>
    {
        var task = Loop.CreateTask(Work, "worker");
        await Loop.Sleep(1);
        await client.WriteAsync("abc");
        (await task).Should().Be("worker worker");

        async Task<string> Work()
        {
            string before = Loop.CurrentTask!.Name;
            await server.AsStream().ReadExactlyAsync(new byte[3]);
            return $"{before} {Loop.CurrentTask!.Name}";
        }
    });
}
