using EventLoop.Net.Connections;

namespace EventLoop.Tests.Net;

public sealed class PostedBytesTests
{
    [Fact]
    public void Nothing_is_to_be_had_before_it_is_flushed()
    {
        var bytes = new PostedBytes();
        "one"u8.CopyTo(bytes.GetMemory(3).Span);
        bytes.Advance(3);
        bytes.TryTake(out _).Should().BeFalse();

        bytes.Flush(out int outstanding).Should().BeTrue();
        outstanding.Should().Be(3);
        bytes.TryTake(out var piece).Should().BeTrue();
        piece.ToArray().Should().Equal("one"u8.ToArray());
        bytes.TryTake(out _).Should().BeFalse();
        bytes.Flush(out outstanding).Should().BeFalse("nothing was written since");
        outstanding.Should().Be(0);
    }

    [Fact]
    public void What_one_thread_writes_another_takes_whole_and_in_order()
    {
        const int all = 300_000;
        var bytes = new PostedBytes();
        var writer = new Thread(() =>
        {
            var sizes = new Random(1);
            for (int at = 0; at < all;)
            {
                int size = Math.Min(all - at, sizes.Next(1, 900));
                var memory = bytes.GetMemory(size).Span;
                for (int i = 0; i < size; i++)
                {
                    memory[i] = (byte)((at + i) * 31 >> 3);
                }

                bytes.Advance(size);
                at += size;
                bytes.Flush(out _);
            }
        });
        writer.Start();
        int taken = 0, wrong = 0;
        while (taken < all)
        {
            bool isOver = !writer.IsAlive;
            if (!bytes.TryTake(out var piece))
            {
                isOver.Should().BeFalse("all that was written is there when its writer has ended");
                Thread.Yield();
                continue;
            }

            foreach (byte value in piece)
            {
                wrong += value == (byte)(taken++ * 31 >> 3) ? 0 : 1;
            }
        }

        writer.Join();
        wrong.Should().Be(0);
        bytes.Flush(out int outstanding);
        outstanding.Should().Be(0);
    }

    [Fact]
    public void More_than_was_lent_cannot_be_advanced()
    {
        var bytes = new PostedBytes();
        int lent = bytes.GetMemory(10).Length;

        bytes.Invoking(one => one.Advance(lent + 1)).Should().Throw<ArgumentOutOfRangeException>();
    }
}
