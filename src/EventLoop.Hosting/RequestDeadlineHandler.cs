using System.Globalization;

namespace EventLoop.Hosting;

/// <summary>Gives requests a deadline: their own (<see cref="HttpRequestDeadlineExtensions.SetDeadline"/>), or a common one. A late request throws
/// <see cref="TimeoutException"/>, which names it.</summary>
/// <remarks>
/// <para>The time runs from the sending of the request to the end of the response's body, even if that is read as a stream later. <c>HttpClient.Timeout</c> is
/// the same for all requests of a client, ends with the headers if the body is read as a stream, and throws a cancellation that looks like any other.</para>
/// <para><b>Thread:</b> any.</para>
/// </remarks>
/// <param name="deadline">For requests that have none of their own. Null: none.</param>
/// <exception cref="ArgumentOutOfRangeException"><paramref name="deadline"/> is not positive, and not infinite.</exception>
public sealed class RequestDeadlineHandler(TimeSpan? deadline = null) : DelegatingHandler
{
    private readonly TimeSpan common = Check(deadline) ?? Timeout.InfiniteTimeSpan;

    /// <inheritdoc/>
    /// <exception cref="TimeoutException">The request did not end in time.</exception>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var time = request.Options.TryGetValue(HttpRequestDeadlineExtensions.Key, out var own) ? own : common;
        return time == Timeout.InfiniteTimeSpan ? base.SendAsync(request, cancellationToken) : SendInTimeAsync(request, time, cancellationToken);
    }

    internal static TimeSpan? Check(TimeSpan? deadline)
    {
        if (deadline is { } time && time != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero, nameof(deadline));
        }

        return deadline;
    }

    private async Task<HttpResponseMessage> SendInTimeAsync(HttpRequestMessage request, TimeSpan time, CancellationToken cancellationToken)
    {
        var limit = new RequestDeadline(time,
            string.Create(CultureInfo.InvariantCulture, $"{request.Method} {request.RequestUri} was not over within its deadline of {time.TotalSeconds} s."));
        try
        {
            var response = await limit.RunAsync(this, static (handler, request, token) =>
                handler.SendFurther(request, token), request, cancellationToken).ConfigureAwait(false);
            response.Content = new DeadlineContent(response.Content, limit);
            return response;
        }
        catch
        {
            limit.Dispose();
            throw;
        }
    }

    private Task<HttpResponseMessage> SendFurther(HttpRequestMessage request, CancellationToken token) => base.SendAsync(request, token);
}
