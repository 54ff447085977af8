namespace EventLoop.Net;

/// <summary>The blocks of one loop's connections: an idle connection holds none. Loop thread only.</summary>
internal sealed class BufferPool
{
    internal const int SmallestBlock = 4 * 1024;
    internal const int LargestBlock = 64 * 1024;

    // 4 KiB, 16 KiB, 64 KiB. What a burst leaves beyond 4 MiB of each is the collector's.
    private const int Classes = 3;
    private const int MostBytesPerClass = 4 * 1024 * 1024;

    private readonly Stack<BufferSegment>[] free = [new(), new(), new()];

    internal BufferSegment Rent(int atLeast)
    {
        int sizeClass = atLeast <= SmallestBlock ? 0 : atLeast <= 4 * SmallestBlock ? 1 : atLeast <= LargestBlock ? 2 : -1;
        return sizeClass < 0 ? new BufferSegment(atLeast, -1)
            : free[sizeClass].TryPop(out var segment) ? segment
            : new BufferSegment(SizeOf(sizeClass), sizeClass);
    }

    internal void Return(BufferSegment segment)
    {
        segment.Reset();
        if (segment.SizeClass >= 0 && segment.SizeClass < Classes && free[segment.SizeClass].Count < MostBytesPerClass / segment.Capacity)
        {
            free[segment.SizeClass].Push(segment);
        }
    }

    private static int SizeOf(int sizeClass) => SmallestBlock << (2 * sizeClass);
}
