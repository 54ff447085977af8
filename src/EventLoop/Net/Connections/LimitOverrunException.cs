namespace EventLoop.Net;

/// <summary>More bytes than allowed came without a delimiter. None of them is consumed. asyncio: <c>LimitOverrunError</c>.</summary>
/// <param name="message">What exceeded which limit.</param>
/// <param name="buffered">How many bytes are in the buffer.</param>
public sealed class LimitOverrunException(string message, long buffered) : IOException(message)
{
    /// <summary>How many bytes are in the buffer, for callers that want to skip them.</summary>
    public long Buffered => buffered;
}
