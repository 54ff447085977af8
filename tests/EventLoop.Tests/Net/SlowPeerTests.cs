using System.Text;
using EventLoop.Net;
using EventLoop.Testing;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Tests.Net;

/// <summary>Towards somebody who takes a thousand bytes at a time: what was written stands in the pipe for long.</summary>
[RealTime("a TLS handshake runs on the thread pool")]
public sealed class SlowPeerTests : LoopTest
{
    private static MemoryConnectionPair SlowPair() => new(new MemoryStreamOptions { Capacity = 1000 });

    private static async Coroutine<MemoryConnectionPair> SecurePair()
    {
        var pair = SlowPair();
        await Loop.Gather(pair.Left.StartTlsAsync(TestCertificate.Trusting), pair.Right.StartTlsAsync(TestCertificate.Own));
        return pair;
    }

    private static async Coroutine Fill(Connection connection, int count, byte with = (byte)'x')
    {
        connection.Output.GetSpan(count)[..count].Fill(with);
        connection.Output.Advance(count);
        await connection.Output.FlushAsync();
    }

    [Fact]
    public void Memory_that_was_lent_stays_the_borrowers_while_what_stands_before_it_goes_out() => RunLoop(async () =>
    {
        await using var pair = SlowPair();
        await Fill(pair.Left, 20_000);
        var lent = pair.Left.Output.GetMemory(100);
        await pair.Right.ReadExactlyAsync(20_000);
        await pair.Left.DrainAsync();
        await using var other = new MemoryConnectionPair();
        await Fill(other.Left, 4000, (byte)'o');
        lent.Span[..4].Fill((byte)'l');
        pair.Left.Output.Advance(4);
        await pair.Left.Output.FlushAsync();
        (await pair.Right.ReadExactlyAsync(4)).Should().OnlyContain(b => b == 'l');
        (await other.Right.ReadExactlyAsync(4000)).Should().OnlyContain(b => b == 'o');
    });

    [Fact]
    public void Memory_that_was_lent_is_not_given_to_others_when_the_connection_closes() => RunLoop(async () =>
    {
        await using var pair = SlowPair();
        var lent = pair.Left.Output.GetMemory(100);
        pair.Left.Abort();
        await using var other = new MemoryConnectionPair();
        await Fill(other.Left, 4000, (byte)'o');
        lent.Span.Fill((byte)'l');
        pair.Left.Output.Advance(4);
        (await Catch(pair.Left.FlushAsync())).Should().BeOfType<ObjectDisposedException>();
        (await other.Right.ReadExactlyAsync(4000)).Should().OnlyContain(b => b == 'o');
    });

    [Fact]
    public void Memory_that_is_asked_for_and_not_used_holds_nothing_up() => RunLoop(async () =>
    {
        await using var pair = await SecurePair();
        await Fill(pair.Left, 4000, (byte)'a');
        pair.Left.Output.GetMemory(4000);
        pair.Left.Output.GetMemory(9000).Span[..9000].Fill((byte)'b');
        pair.Left.Output.Advance(9000);
        await pair.Left.FlushAsync();
        byte[] got = await pair.Right.ReadExactlyAsync(13_000);
        got.Take(4000).Should().OnlyContain(b => b == 'a');
        got.Skip(4000).Should().OnlyContain(b => b == 'b');
    });

    [Fact]
    public void A_write_under_TLS_that_was_given_up_sends_nobody_elses_bytes() => RunLoop(async () =>
    {
        await using var pair = await SecurePair();
        var writing = Loop.CreateTask(pair.Left.WriteAsync(Enumerable.Repeat((byte)'A', 1_000_000).ToArray()));
        await Yields(100);
        writing.Cancel();
        (await Catch(writing)).Should().BeOfType<LoopCanceledException>();
        await using var other = new MemoryConnectionPair();
        for (int i = 0; i < 16; i++)
        {
            other.Left.Output.GetSpan(60_000).Fill((byte)'B');
            other.Left.Output.Advance(60_000);
        }

        var received = new List<byte>();
        var reading = Loop.CreateTask(async () =>
        {
            byte[] buffer = new byte[10_000];
            while (await pair.Right.ReadAsync(buffer) is > 0 and var count)
            {
                received.AddRange(buffer[..count]);
            }
        });
        for (int before = 0; before == 0 || before < received.Count;)
        {
            before = received.Count;
            await Loop.Sleep(5);
        }

        received.Should().OnlyContain(b => b == 'A');
        reading.Cancel();
        await Loop.Wait([reading]);
        other.Left.Abort();      // nobody would ever read what stands in its pipe
    });

    [Fact]
    public void Half_a_write_has_no_clean_end() => RunLoop(async () =>
    {
        await using var pair = SlowPair();
        var writing = Loop.CreateTask(pair.Left.WriteAsync(new byte[1_000_000]));
        await pair.Right.ReadExactlyAsync(5000);
        writing.Cancel();
        await Catch(writing);
        await pair.Left.DisposeAsync();
        (await Catch(pair.Right.ReadToEndAsync())).Should().BeOfType<IOException>();
    });

    [Fact]
    public void What_was_written_before_Complete_goes_out_when_the_connection_is_disposed() => RunLoop(async () =>
    {
        await using var pair = SlowPair();
        await Fill(pair.Left, 20_000);
        pair.Left.Output.Complete();
        var closing = Loop.CreateTask(async () => await pair.Left.DisposeAsync());
        (await pair.Right.ReadToEndAsync()).Should().HaveCount(20_000);
        await closing;
    });

    [Fact]
    public void Under_TLS_what_was_written_goes_out_before_the_dispose_is_over() => RunLoop(async () =>
    {
        await using var pair = await SecurePair();
        await pair.Left.WriteAsync(new byte[20_000]);
        var closing = Loop.CreateTask(async () => await pair.Left.DisposeAsync());
        await Yields(10);
        closing.IsCompleted.Should().BeFalse("most of it waits for the other side");
        (await pair.Right.ReadToEndAsync()).Should().HaveCount(20_000);
        await closing;
    });

    [Fact]
    public void A_write_that_waits_is_sent_whole_before_the_end_that_Complete_asks_for() => RunLoop(async () =>
    {
        await using var pair = SlowPair();
        var writing = Loop.CreateTask(pair.Left.WriteAsync(new byte[1_000_000]));
        await Yields(5);
        pair.Left.Output.Complete();
        (await pair.Right.ReadToEndAsync()).Should().HaveCount(1_000_000);
        (await writing).Should().Be(1_000_000);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_written_while_a_file_is_sent_comes_behind_it(bool secure) => RunLoop(async () =>
    {
        await using var pair = secure ? await SecurePair() : SlowPair();
        await WithFile(new string('f', 300_000), async file =>
        {
            var sending = Loop.CreateTask(pair.Left.SendFileAsync(file, 0, 300_000));
            await Yields(3);
            var writing = Loop.CreateTask(pair.Left.WriteAsync("behind"));
            await Yields(3);
            writing.IsCompleted.Should().BeFalse("the file is under way");
            string received = Encoding.ASCII.GetString(await pair.Right.ReadExactlyAsync(300_006));
            received.Should().Be(new string('f', 300_000) + "behind");
            (await sending).Should().Be(300_000);
            await writing;
        });
    });

    [Fact]
    public void Files_and_writes_go_out_in_the_order_in_which_they_were_asked_for() => RunLoop(async () =>
    {
        await using var pair = SlowPair();
        await WithFile(new string('f', 20_000), async file =>
        {
            var all = Loop.Gather(
                pair.Left.WriteAsync(new string('a', 100_000)), Sent(file), pair.Left.WriteAsync(new string('b', 100)), Sent(file), pair.Left.WriteAsync("c"));
            var sending = Loop.CreateTask(all);
            string received = Encoding.ASCII.GetString(await pair.Right.ReadExactlyAsync(140_101));
            received.Should().Be(new string('a', 100_000) + new string('f', 20_000) + new string('b', 100) + new string('f', 20_000) + "c");
            await sending;
        });

        async Coroutine<int> Sent(SafeFileHandle file) => (int)await pair.Left.SendFileAsync(file, 0, 20_000);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_was_cut_short_is_never_followed_by_anything(bool secure) => RunLoop(async () =>
    {
        await using var pair = secure ? await SecurePair() : SlowPair();
        await WithFile(new string('f', 300_000), async file =>
        {
            var sending = Loop.CreateTask(pair.Left.SendFileAsync(file, 0, 300_000));
            await pair.Right.ReadExactlyAsync(70_000);
            sending.Cancel();
            await Catch(sending);
            (await Catch(pair.Left.WriteAsync("behind"))).Should().BeOfType<IOException>();
        });
        pair.Left.Abort();
    });

    [Fact]
    public void A_file_under_TLS_that_is_cancelled_in_its_first_part_is_followed_by_nothing_and_ends_with_a_reset() => RunLoop(async () =>
    {
        await using var pair = await SecurePair();
        await WithFile(new string('f', 300_000), async file =>
        {
            var sending = await SendBehindMuch(pair, file, 300_000);
            sending.Cancel();
            (await Catch(sending)).Should().BeOfType<LoopCanceledException>();
            var reading = Loop.CreateTask(pair.Right.ReadToEndAsync());
            (await Catch(pair.Left.WriteAsync("behind"))).Should().BeOfType<IOException>().Which.Message.Should().Contain("of 300000 bytes");
            await pair.Left.DisposeAsync();
            (await Catch(reading)).Should().BeAssignableTo<IOException>("that was no clean end");
        });
    });

    [Fact]
    public void A_file_under_TLS_that_is_cancelled_when_the_connection_has_all_of_it_arrives_whole_and_is_followed() => RunLoop(async () =>
    {
        await using var pair = await SecurePair();
        await WithFile(new string('f', 30_000), async file =>
        {
            var sending = await SendBehindMuch(pair, file, 30_000);
            sending.Cancel();
            (await Catch(sending)).Should().BeOfType<LoopCanceledException>();
            pair.Left.Output.Write("put "u8);
            var writing = Loop.CreateTask(pair.Left.WriteAsync("behind"), eager: true);
            string received = Encoding.ASCII.GetString(await pair.Right.ReadExactlyAsync(60_000 + 30_000 + 10));
            received[60_000..].Should().Be(new string('f', 30_000) + "put behind");
            await writing;
        });
    });

    [Theory]
    [InlineData(false, "flush")]
    [InlineData(true, "flush")]
    [InlineData(true, "nothing")]
    [InlineData(true, "lent")]
    [InlineData(true, "writer")]
    [InlineData(true, "coalesced")]
    [InlineData(false, "coalesced")]
    public void What_is_put_into_Output_while_a_file_is_sent_comes_behind_it(bool secure, string how) => RunLoop(async () =>
    {
        await using var pair = secure ? await SecurePair() : SlowPair();
        await WithFile(new string('f', 300_000), async file =>
        {
            var output = pair.Left.Output;
            byte[] bytes = Encoding.ASCII.GetBytes(new string('b', how == "coalesced" ? 6 : 100_000));
            pair.Left.CoalescesWrites = how == "coalesced";
            var lent = how == "lent" ? output.GetMemory(bytes.Length) : default;
            var sending = Loop.CreateTask(pair.Left.SendFileAsync(file, 0, 300_000));
            byte[] begun = await pair.Right.ReadExactlyAsync(1000);
            if (how == "lent")
            {
                bytes.CopyTo(lent);
                output.Advance(bytes.Length);
            }
            else if (how is "flush" or "nothing")
            {
                output.Write(bytes);
            }

            var putting = how is "nothing" ? null : Loop.CreateTask(Put(), eager: true);
            byte[] rest = await pair.Right.ReadExactlyAsync(299_000 + bytes.Length);
            Encoding.ASCII.GetString([.. begun, .. rest]).Should().Be(new string('f', 300_000) + new string('b', bytes.Length));
            (await sending).Should().Be(300_000);
            if (putting is not null)
            {
                await putting;
            }

            async Coroutine Put()
            {
                if (how == "writer")
                {
                    await output.WriteAsync(bytes);
                }
                else if (how == "coalesced")
                {
                    await pair.Left.WriteAsync(bytes);
                }
                else
                {
                    await output.FlushAsync();
                }
            }
        });
    });

    // The connection's own buffers are full, so the file's first part waits in the middle.
    private static async Coroutine<LoopTask<long>> SendBehindMuch(MemoryConnectionPair pair, SafeFileHandle file, int count)
    {
        await pair.Left.WriteAsync(new byte[60_000]);
        var sending = Loop.CreateTask(pair.Left.SendFileAsync(file, 0, count));
        while (pair.Left.Out.Unsent == 0)
        {
            await Loop.Sleep(1);
        }

        return sending;
    }

    private static async Coroutine WithFile(string content, Func<SafeFileHandle, Coroutine> body)
    {
        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, content);
            using var file = File.OpenHandle(path);
            await body(file);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
