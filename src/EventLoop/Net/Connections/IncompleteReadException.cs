namespace EventLoop.Net;

/// <summary>The connection ended before all that was asked for had come. asyncio: <c>IncompleteReadError</c>.</summary>
/// <param name="partial">What had come; it is consumed.</param>
/// <param name="expected">How much was asked for; null for "up to a delimiter".</param>
public sealed class IncompleteReadException(byte[] partial, long? expected) : EndOfStreamException(
    $"The connection ended after {partial.Length} bytes{(expected is { } all ? $" of the {all} that were expected" : ", before the delimiter")}.")
{
    /// <summary>What had come; it is consumed.</summary>
    public ReadOnlyMemory<byte> Partial => partial;

    /// <summary>How much was asked for; null for "up to a delimiter".</summary>
    public long? Expected => expected;
}
