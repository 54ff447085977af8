namespace EventLoop.Testing;

/// <summary>How one direction of a <see cref="MemoryStreamPair"/> behaves.</summary>
public sealed record MemoryStreamOptions
{
    /// <summary>The most bytes that successive reads return, repeated over and over; null: as many as there are. One-byte reads find most framing
    /// mistakes.</summary>
    public IReadOnlyList<int>? ChunkSizes { get; init; }

    /// <summary>How long bytes, and the end of the data, are on their way.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>How many bytes may be on their way before writers wait; 0: a write waits until everything was read (lockstep).</summary>
    public int Capacity { get; init; } = 64 * 1024;

    /// <summary>The clock for <see cref="Delay"/>; null: that of the loop on which the pair is made, or the system's.</summary>
    public TimeProvider? TimeProvider { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Capacity);
        ArgumentOutOfRangeException.ThrowIfLessThan(Delay, TimeSpan.Zero);
        if (ChunkSizes is { } sizes && (sizes.Count == 0 || sizes.Any(static size => size < 1)))
        {
            throw new ArgumentException("Chunk sizes are at least one, and each at least one byte.");
        }
    }
}
