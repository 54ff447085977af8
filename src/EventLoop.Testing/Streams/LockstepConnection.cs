using EventLoop.Net;

namespace EventLoop.Testing;

/// <summary>Connections in memory that go in lockstep: nothing leaves one end before the other waits for it. Trio: <c>lockstep_stream_pair</c>.</summary>
public static class LockstepConnection
{
    /// <summary>Makes a pair on which bytes leave only when the other side waits for them: there, <see cref="Connection.DrainAsync"/> returns when the last of
    /// them was asked for, and never if nobody reads.</summary>
    /// <param name="chunkSizes">See <see cref="MemoryStreamOptions.ChunkSizes"/>; none: as many as there are.</param>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static MemoryConnectionPair Pair(params IReadOnlyList<int> chunkSizes) =>
        new(new MemoryStreamOptions { Capacity = 0, ChunkSizes = chunkSizes is { Count: > 0 } ? chunkSizes : null });
}
