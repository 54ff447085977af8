using EventLoop.Net;
using EventLoop.Net.Connections;

namespace EventLoop.Tests.Net;

public sealed class BufferPoolTests
{
    private readonly BufferPool _pool = new();

    [Fact]
    public unsafe void Every_block_begins_at_a_cache_line_and_is_as_large_as_it_says()
    {
        foreach (int size in new[] { 1, BufferPool.SmallestBlock, 5000, 16 * 1024, 20_000, 64 * 1024, 100_000, BufferPool.LargestBlock, 1_000_000 })
        {
            for (int i = 0; i < 10; i++)
            {
                var block = _pool.Rent(size);
                ((nint)block.Start % 64).Should().Be(0);
                block.FreeLength.Should().BeGreaterThanOrEqualTo(size);
                block.Free.Length.Should().Be(block.FreeLength);
                fixed (byte* first = block.Free.Span)
                {
                    (first == block.Start).Should().BeTrue("what is received into is what is sent from");
                }
            }
        }
    }

    [Fact]
    public void A_block_comes_back_for_every_size_that_it_serves()
    {
        foreach (int size in new[] { BufferPool.SmallestBlock, 16 * 1024, 64 * 1024, BufferPool.LargestBlock })
        {
            var block = _pool.Rent(size);
            block.Fill(10);
            _pool.Return(block);
            var again = _pool.Rent(size - 1);
            again.Should().BeSameAs(block);
            again.End.Should().Be(0);
        }
    }

    [Fact]
    public void A_burst_leaves_no_more_than_thirty_two_MiB_in_stock()
    {
        const int Stock = 32 * 1024 * 1024 / BufferPool.LargestBlock;
        BufferSegment[] burst = [.. Enumerable.Range(0, Stock + 10).Select(_ => _pool.Rent(BufferPool.LargestBlock))];
        foreach (var block in burst)
        {
            _pool.Return(block);
        }

        Enumerable.Range(0, burst.Length).Count(_ => burst.Contains(_pool.Rent(BufferPool.LargestBlock))).Should().Be(Stock);
    }
}
