namespace EventLoop.Net;

/// <summary>More came without a delimiter than is allowed. Nothing of it is consumed. asyncio: <c>LimitOverrunError</c>.</summary>
/// <param name="message">What was over which limit.</param>
/// <param name="buffered">How much stands in the buffer.</param>
public sealed class LimitOverrunException(string message, long buffered) : IOException(message)
{
    /// <summary>How much is in the buffer, for callers that want to skip it.</summary>
    public long Buffered => buffered;
}
