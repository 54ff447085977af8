using System.Buffers;
using System.Text;
using EventLoop.Net;
using EventLoop.Testing;

namespace EventLoop.Tests.Net;

/// <summary>What <c>Output</c> and <c>Input</c> lend, while others use the same connection: nobody
/// ever sees, changes or sends another connection's bytes.</summary>
[RealTime("a TLS handshake runs on the thread pool")]
public sealed class LentMemoryTests : LoopTest
{
    private static async Coroutine<MemoryConnectionPair> Pair(bool secure, int capacity = 1000)
    {
        var pair = new MemoryConnectionPair(new MemoryStreamOptions { Capacity = capacity });
        if (secure)
        {
            await Loop.Gather(pair.Left.StartTlsAsync(TestCertificate.Trusting), pair.Right.StartTlsAsync(TestCertificate.Own));
        }

        return pair;
    }

    private static Coroutine Run(bool secure, Func<MemoryConnectionPair, Coroutine> body) => Run(secure, 1000, body);

    private static async Coroutine Run(bool secure, int capacity, Func<MemoryConnectionPair, Coroutine> body)
    {
        var pair = await Pair(secure, capacity);
        await body(pair);
        pair.Left.Abort();
        pair.Right.Abort();
    }

    // Every block that the pool hands out next is filled with it.
    private static async Coroutine Overwrite(char with)
    {
        var other = new MemoryConnectionPair(new MemoryStreamOptions { Capacity = 10 });
        for (int i = 0; i < 16; i++)
        {
            other.Left.Output.GetSpan(4000).Fill((byte)with);
            other.Left.Output.Advance(4000);
        }

        await Loop.Yield();
        other.Left.Abort();
        other.Right.Abort();
    }

    private static string Text(byte[] bytes) => Encoding.ASCII.GetString(bytes);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_write_of_another_task_goes_before_what_the_borrower_has_not_finished(bool secure) => RunLoop(() => Run(secure, 100_000, async pair =>
    {
        var lent = pair.Left.Output.GetMemory(10);
        var writing = Loop.CreateTask(pair.Left.WriteAsync("BBBBBBBBBB"));
        (await Loop.Gather(writing)).Should().Equal(10);
        lent.Span[..10].Fill((byte)'A');
        pair.Left.Output.Advance(10);
        await pair.Left.FlushAsync();
        Text(await pair.Right.ReadExactlyAsync(20)).Should().Be("BBBBBBBBBBAAAAAAAAAA");
    }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Behind_written_bytes_the_rest_of_the_block_is_lent_and_nobody_else_writes_there(bool secure) => RunLoop(() => Run(secure, async pair =>
    {
        pair.Left.Output.GetSpan(4)[..4].Fill((byte)'1');
        pair.Left.Output.Advance(4);
        var lent = pair.Left.Output.GetMemory(4);
        lent.Span[..4].Fill((byte)'3');
        var writing = Loop.CreateTask(pair.Left.WriteAsync(new string('2', 200_000)), eager: true);
        pair.Left.Output.Advance(4);
        var flushing = Loop.CreateTask(pair.Left.FlushAsync(), eager: true);
        string got = Text(await pair.Right.ReadExactlyAsync(200_008));
        got[..4].Should().Be("1111");
        got[4..].Should().HaveLength(200_004).And.MatchRegex("^[23]*$");
        got.Count(static c => c == '3').Should().Be(4);
        got.Should().Contain("3333", "what was lent is sent in one piece");
        await writing;
        await flushing;
    }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_write_that_needs_more_room_does_not_give_the_lent_block_to_the_pool(bool secure) => RunLoop(() => Run(secure, async pair =>
    {
        await pair.Left.WriteAsync(new byte[secure ? 100 : 1000]);      // the wire is full, and nothing is left in the pipe
        var lent = pair.Left.Output.GetMemory(4096);
        lent.Span.Fill((byte)'l');
        var other = Loop.CreateTask(pair.Left.WriteAsync(new byte[10_000]), eager: true);
        await Overwrite('o');
        lent.Span.ToArray().Should().OnlyContain(b => b == 'l', "nobody else has it");
        lent.Span.Fill((byte)'L');
        pair.Left.Output.Advance(4);
        var flushing = Loop.CreateTask(pair.Left.DrainAsync());
        byte[] got = await pair.Right.ReadExactlyAsync((secure ? 100 : 1000) + 10_004);
        got[..^4].Should().OnlyContain(b => b == 0);
        Text(got[^4..]).Should().Be("LLLL");
        await other;
        await flushing;
    }));

    [Fact]
    public void Whoever_asks_for_memory_while_another_task_has_some_gets_other_memory_and_the_first_is_refused() =>
        RunLoop(() => Run(false, 100_000, async pair =>
    {
        var output = pair.Left.Output;
        var resume = Loop.Current.CreateFuture();
        var first = Loop.CreateTask(async Coroutine () =>
        {
            var lent = output.GetMemory(10);
            await resume;
            lent.Span.Fill((byte)'A');
            output.Advance(10);
        });
        await Yields(2);
        output.GetMemory(10).Span[..10].Fill((byte)'B');
        resume.SetResult();
        (await Catch(first)).Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("Another task");
        output.Advance(10);
        await output.FlushAsync();
        Text(await pair.Right.ReadExactlyAsync(10)).Should().Be("BBBBBBBBBB");
        ((Action)(() => output.Advance(1))).Should().Throw<InvalidOperationException>("nothing is lent any more");
    }));

    [Fact]
    public void Memory_that_was_asked_for_twice_is_never_the_next_ones() => RunLoop(() => Run(false, 100_000, async pair =>
    {
        var first = pair.Left.Output.GetMemory(10);
        var second = pair.Left.Output.GetMemory(5000);      // too large for the first block
        pair.Left.Output.Advance(0);
        await Overwrite('o');
        first.Span.Fill((byte)'!');
        first.Span.ToArray().Should().OnlyContain(b => b == '!');
        var third = pair.Left.Output.GetMemory(10);
        var fourth = pair.Left.Output.GetMemory(10);
        pair.Left.Output.Advance(0);                        // one of two that share it is done
        var victim = new MemoryConnectionPair();
        await victim.Left.WriteAsync("secret");
        var read = await victim.Right.Input.ReadAsync();
        third.Span.Fill((byte)'#');
        fourth.Span.Fill((byte)'#');
        second.Length.Should().BeGreaterThanOrEqualTo(5000);
        Text(read.Buffer.ToArray()).Should().Be("secret");
        victim.Left.Abort();
        victim.Right.Abort();
    }));

    [Fact]
    public void Advance_without_memory_or_beyond_it_is_refused() => RunLoop(() => Run(false, 100_000, async pair =>
    {
        var output = pair.Left.Output;
        ((Action)(() => output.Advance(1))).Should().Throw<InvalidOperationException>();
        output.GetMemory(10);
        ((Action)(() => output.Advance(1_000_000))).Should().Throw<InvalidOperationException>();
        output.Advance(0);
        ((Action)(() => output.GetMemory(-1))).Should().Throw<ArgumentOutOfRangeException>();
        ((Action)(() => output.GetSpan(-1))).Should().Throw<ArgumentOutOfRangeException>();
        ((Action)(() => output.Advance(-1))).Should().Throw<ArgumentOutOfRangeException>();

        var span = output.GetSpan(10);                      // some writers fill a block in pieces
        "ab"u8.CopyTo(span);
        output.Advance(2);
        "cd"u8.CopyTo(span[2..]);
        output.Advance(2);
        await output.FlushAsync();
        ((Action)(() => output.Advance(1))).Should().Throw<InvalidOperationException>("the flush has ended that");
        Text(await pair.Right.ReadExactlyAsync(4)).Should().Be("abcd");
    }));

    [Fact]
    public void Advance_from_another_thread_is_refused() => RunLoop(() => Run(false, 100_000, async pair =>
    {
        await Loop.Yield();
        var output = pair.Left.Output;
        output.GetMemory(10);
        OnThread(() => ((Action)(() => output.Advance(1))).Should().Throw<InvalidOperationException>());
        output.Advance(0);
    }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_result_of_the_pipe_reader_stays_as_it_is_while_others_read_on(bool secure) => RunLoop(() => Run(secure, 100_000, async pair =>
    {
        await pair.Left.WriteAsync("0123456789");
        var shown = await pair.Right.Input.ReadAsync();
        await pair.Right.ReadExactlyAsync(10);
        await Overwrite('o');
        Text(shown.Buffer.ToArray()).Should().Be("0123456789");
        await pair.Left.WriteAsync("abc");
        var next = await pair.Right.Input.ReadAsync();
        ((Action)(() => pair.Right.Input.AdvanceTo(shown.Buffer.End))).Should().Throw<InvalidOperationException>("that is consumed already");
        Text(next.Buffer.ToArray()).Should().Be("abc");
        pair.Right.Input.AdvanceTo(next.Buffer.End);
    }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Memory_that_throws_fails_its_own_write_or_read_only(bool secure) => RunLoop(() => Run(secure, 100_000, async pair =>
    {
        using var faulty = new FaultyMemory(100);
        (await Catch(pair.Left.WriteAsync(faulty.Memory))).Should().BeOfType<BadImageFormatException>();
        await pair.Left.WriteAsync("fine");
        (await Catch(pair.Right.ReadAsync(faulty.Memory))).Should().BeOfType<BadImageFormatException>();
        (await Catch(pair.Right.ReadExactlyAsync(faulty.Memory[..4]))).Should().BeOfType<BadImageFormatException>();
        Text(await pair.Right.ReadExactlyAsync(4)).Should().Be("fine", "nothing was lost");
        Reported.Should().BeEmpty();
    }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Memory_that_throws_in_the_middle_of_a_write_cuts_the_connection(bool secure) => RunLoop(() => Run(secure, async pair =>
    {
        using var faulty = new FaultyMemory(1_000_000) { GoodLooks = 1 };
        var writing = Loop.CreateTask(pair.Left.WriteAsync(faulty.Memory), eager: true);
        var behind = Loop.CreateTask(pair.Left.WriteAsync("behind"), eager: true);
        var reading = Loop.CreateTask(pair.Right.ReadToEndAsync());
        (await Catch(writing)).Should().BeOfType<BadImageFormatException>();
        (await Catch(behind)).Should().BeOfType<IOException>("half of something is followed by nothing");
        await pair.Left.DisposeAsync();
        (await Catch(reading)).Should().BeOfType<IOException>("and has no clean end");
    }));

    private sealed class FaultyMemory(int length) : MemoryManager<byte>
    {
        private readonly byte[] bytes = new byte[length];

        internal int GoodLooks { get; set; }

        public override Memory<byte> Memory => CreateMemory(length);

        public override Span<byte> GetSpan() => GoodLooks-- > 0 ? bytes : throw new BadImageFormatException("no memory today");

        public override MemoryHandle Pin(int elementIndex = 0) => throw new BadImageFormatException("no memory today");

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
