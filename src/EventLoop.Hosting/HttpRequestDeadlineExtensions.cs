namespace EventLoop.Hosting;

/// <summary>A deadline for one request.</summary>
public static class HttpRequestDeadlineExtensions
{
    internal static readonly HttpRequestOptionsKey<TimeSpan> Key = new("EventLoop.Deadline");

    /// <summary>Sets a deadline by which the request, including the body of its response, has to end: otherwise it throws <see cref="TimeoutException"/>.
    /// Needs a <see cref="RequestDeadlineHandler"/> in its client.</summary>
    /// <param name="request">A request that was not sent yet.</param>
    /// <param name="deadline">Counted from when it is sent. <see cref="Timeout.InfiniteTimeSpan"/>: none, whatever the client's is.</param>
    /// <returns><paramref name="request"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="deadline"/> is not positive, and not infinite.</exception>
    public static HttpRequestMessage SetDeadline(this HttpRequestMessage request, TimeSpan deadline)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequestDeadlineHandler.Check(deadline);
        request.Options.Set(Key, deadline);
        return request;
    }
}
