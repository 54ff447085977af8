namespace EventLoop.Hosting;

/// <summary>A deadline for one request.</summary>
public static class HttpRequestDeadlineExtensions
{
    internal static readonly HttpRequestOptionsKey<TimeSpan> Key = new("EventLoop.Deadline");

    /// <summary>The request, with the body of its answer, has to be over in time: else it throws <see cref="TimeoutException"/>. Needs a
    /// <see cref="RequestDeadlineHandler"/> in its client.</summary>
    /// <param name="request">Not sent yet.</param>
    /// <param name="deadline">From when it is sent. <see cref="Timeout.InfiniteTimeSpan"/>: none, whatever the client's is.</param>
    /// <returns><paramref name="request"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="deadline"/> is not more than zero, and not infinite.</exception>
    public static HttpRequestMessage SetDeadline(this HttpRequestMessage request, TimeSpan deadline)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequestDeadlineHandler.Check(deadline);
        request.Options.Set(Key, deadline);
        return request;
    }
}
