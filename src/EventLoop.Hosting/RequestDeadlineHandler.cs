using System.Globalization;
using System.Net;

namespace EventLoop.Hosting;

/// <summary>Gives requests a deadline: their own (<see cref="HttpRequestDeadlineExtensions.SetDeadline"/>), or a common one. A late request throws
/// <see cref="TimeoutException"/>, which names it.</summary>
/// <remarks>
/// <para>The time runs from the sending of the request to the end of the response's body, even if that is read as a stream later. <c>HttpClient.Timeout</c> is
/// the same for all requests of a client, ends with the headers if the body is read as a stream, and throws a cancellation that looks like any other.</para>
/// <para>Of a request that turns its connection into something else (WebSockets) it is the time until the server has agreed.</para>
/// <para><b>Thread:</b> any.</para>
/// </remarks>
/// <param name="deadline">For requests that have none of their own. Null: none.</param>
/// <exception cref="ArgumentOutOfRangeException"><paramref name="deadline"/> is not positive, and not infinite.</exception>
public sealed class RequestDeadlineHandler(TimeSpan? deadline = null) : DelegatingHandler
{
    // What a timer of .NET can measure: 49.7 days.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly TimeSpan common = Check(deadline) ?? Timeout.InfiniteTimeSpan;

    /// <inheritdoc/>
    /// <exception cref="TimeoutException">The request did not end in time.</exception>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return DeadlineOf(request) is { } time
            ? SendInTimeAsync(request, time, static (handler, request, token) => handler.SendFurtherAsync(request, token), cancellationToken)
            : base.SendAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="TimeoutException">The request did not end in time.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return DeadlineOf(request) is { } time
            ? SendInTimeAsync(
                request, time, static (handler, request, token) => Task.FromResult(handler.SendFurther(request, token)), cancellationToken)
                .GetAwaiter().GetResult()
            : base.Send(request, cancellationToken);
    }

    internal static TimeSpan? Check(TimeSpan? deadline)
    {
        if (deadline is { } time && time != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero, nameof(deadline));
        }

        return deadline;
    }

    private TimeSpan? DeadlineOf(HttpRequestMessage request)
    {
        var time = request.Options.TryGetValue(HttpRequestDeadlineExtensions.Key, out var own) ? own : common;
        return time == Timeout.InfiniteTimeSpan || time > Longest ? null : time;
    }

    private async Task<HttpResponseMessage> SendInTimeAsync(
        HttpRequestMessage request, TimeSpan time, Func<RequestDeadlineHandler, HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send,
        CancellationToken cancellationToken)
    {
        var limit = new RequestDeadline(time,
            string.Create(CultureInfo.InvariantCulture, $"{request.Method} {request.RequestUri} was not over within its deadline of {time.TotalSeconds} s."));
        try
        {
            var response = await limit.RunAsync(this, send, request, cancellationToken).ConfigureAwait(false);
            if (IsConnection(request, response))
            {
                limit.Dispose();      // its stream is written, too, and lives for as long as it is used
                return response;
            }

            response.Content = new DeadlineContent(response.Content, limit, UsesNoLoop(InnerHandler));
            return response;
        }
        catch
        {
            limit.Dispose();
            throw;
        }
    }

    // Whether .NET itself makes the connections, which it serves on the thread pool. With a callback, a filter, or another handler, they may be a loop's.
    private static bool UsesNoLoop(HttpMessageHandler? inner)
    {
        while (inner is DelegatingHandler outer)
        {
            inner = outer.InnerHandler;
        }

        return inner?.GetType() == typeof(HttpClientHandler) || inner is SocketsHttpHandler { ConnectCallback: null, PlaintextStreamFilter: null };
    }

    // By HTTP/1.1, or by the extended CONNECT of later versions.
    private static bool IsConnection(HttpRequestMessage request, HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.SwitchingProtocols
            || (response.IsSuccessStatusCode && request.Method == HttpMethod.Connect && request.Headers.Protocol is not null);

    private Task<HttpResponseMessage> SendFurtherAsync(HttpRequestMessage request, CancellationToken token) => base.SendAsync(request, token);

    private HttpResponseMessage SendFurther(HttpRequestMessage request, CancellationToken token) => base.Send(request, token);
}
