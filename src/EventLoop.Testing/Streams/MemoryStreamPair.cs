namespace EventLoop.Testing;

/// <summary>Two streams in memory; what is written to one is read from the other: for tests of protocols, with scripted chunk sizes, delays, half-close and
/// reset.</summary>
/// <remarks>
/// <para>On a loop everything goes through its ready queue and its clock, so that a test is as reproducible as its seed. It also works from other
/// threads.</para>
/// <para>Trio: <c>memory_stream_pair</c>, <c>lockstep_stream_pair</c>.</para>
/// </remarks>
public sealed class MemoryStreamPair : IDisposable
{
    /// <summary>Makes a pair of open streams.</summary>
    /// <param name="leftToRight">Null: whole chunks, without delay.</param>
    /// <param name="rightToLeft">Null: like <paramref name="leftToRight"/>.</param>
    public MemoryStreamPair(MemoryStreamOptions? leftToRight = null, MemoryStreamOptions? rightToLeft = null)
    {
        leftToRight ??= new MemoryStreamOptions();
        var toRight = new MemoryPipe(leftToRight);
        var toLeft = new MemoryPipe(rightToLeft ?? leftToRight);
        Left = new MemoryDuplexStream(toLeft, toRight);
        Right = new MemoryDuplexStream(toRight, toLeft);
    }

    /// <summary>One end.</summary>
    public MemoryDuplexStream Left { get; }

    /// <summary>The other end.</summary>
    public MemoryDuplexStream Right { get; }

    /// <summary>Makes a pair on which every write waits until the other side has read all of it.</summary>
    /// <param name="chunkSizes">See <see cref="MemoryStreamOptions.ChunkSizes"/>.</param>
    public static MemoryStreamPair Lockstep(params IReadOnlyList<int> chunkSizes) =>
        new(new MemoryStreamOptions { Capacity = 0, ChunkSizes = chunkSizes is { Count: > 0 } ? chunkSizes : null });

    /// <summary>Breaks the connection: whatever waits on either end, and all later calls, throw <see cref="IOException"/>; bytes on their way are
    /// lost.</summary>
    public void Reset() => Left.Reset();

    /// <summary>Disposes both ends.</summary>
    public void Dispose()
    {
        Left.Dispose();
        Right.Dispose();
    }
}
