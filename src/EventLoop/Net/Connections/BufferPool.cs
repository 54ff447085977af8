using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>The blocks of one loop's connections; an idle connection holds none. Loop thread only.</summary>
internal sealed class BufferPool
{
    internal const int SmallestBlock = 4 * 1024;
    internal const int LargestBlock = 256 * 1024;

    // What a burst leaves beyond this is left to the collector. One poll may find something for some hundred connections, and each receives into a block of
    // its own; with fewer in stock every round would allocate, and copy into memory that no cache has seen.
    private const long MostBytes = 32 * 1024 * 1024;

    private readonly Stack<BufferSegment>[] free = [new(), new(), new(), new()];      // of 4, 16, 64 and 256 KiB
    private long bytes;

    internal static BufferPool Of(LoopCore core) => Unsafe.As<BufferPool>(core.Blocks ??= new BufferPool());

    internal BufferSegment Rent(int atLeast)
    {
        int sizeClass = atLeast <= SmallestBlock ? 0 : atLeast <= SizeOf(1) ? 1 : atLeast <= SizeOf(2) ? 2 : atLeast <= LargestBlock ? 3 : -1;
        if (sizeClass < 0)
        {
            return new BufferSegment(atLeast, -1);
        }

        if (!free[sizeClass].TryPop(out var segment))
        {
            return new BufferSegment(SizeOf(sizeClass), sizeClass);
        }

        bytes -= segment.Capacity;
        return segment;
    }

    internal void Return(BufferSegment segment)
    {
        segment.Reset();
        if (segment.SizeClass >= 0 && bytes + segment.Capacity <= MostBytes)
        {
            free[segment.SizeClass].Push(segment);
            bytes += segment.Capacity;
        }
    }

    private static int SizeOf(int sizeClass) => SmallestBlock << (2 * sizeClass);
}
