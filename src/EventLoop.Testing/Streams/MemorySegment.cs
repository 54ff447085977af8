namespace EventLoop.Testing;

/// <summary>The bytes of one write on their way, and when they arrive.</summary>
internal sealed class MemorySegment(ReadOnlySpan<byte> bytes, long arrival)
{
    private readonly byte[] bytes = bytes.ToArray();
    private int offset;

    internal long Arrival => arrival;

    internal int Left => bytes.Length - offset;

    internal void CopyTo(Span<byte> destination, int count)
    {
        bytes.AsSpan(offset, count).CopyTo(destination);
        offset += count;
    }
}
