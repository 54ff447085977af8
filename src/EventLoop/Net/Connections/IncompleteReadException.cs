namespace EventLoop.Net;

/// <summary>The connection ended before everything that was requested had arrived. asyncio: <c>IncompleteReadError</c>.</summary>
/// <param name="partial">What had arrived; it is consumed.</param>
/// <param name="expected">How many bytes were requested; null for "up to a delimiter".</param>
public sealed class IncompleteReadException(byte[] partial, long? expected) : EndOfStreamException(
    $"The connection ended after {partial.Length} bytes{(expected is { } all ? $" of the {all} that were expected" : ", before the delimiter")}.")
{
    /// <summary>What had arrived; it is consumed.</summary>
    public ReadOnlyMemory<byte> Partial => partial;

    /// <summary>How many bytes were requested; null for "up to a delimiter".</summary>
    public long? Expected => expected;
}
