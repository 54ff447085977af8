using EventLoop;
using EventLoop.Hosting;
using EventLoop.Net;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Clients of <see cref="IHttpClientFactory"/> on the loop, and deadlines for their requests.</summary>
public static class EventLoopHttpClientBuilderExtensions
{
    /// <summary>The client's connections live on the application's loop: its primary handler is <see cref="LoopHttp.CreateHandler(Loop)"/>, wherever and
    /// whenever the factory makes it.</summary>
    /// <param name="builder">Of <c>services.AddHttpClient(...)</c>.</param>
    /// <param name="key">Of the loop, where it was added under one. Null: the application's.</param>
    /// <param name="configure">Sets up each handler further. Null: nothing.</param>
    /// <returns><paramref name="builder"/>.</returns>
    /// <remarks>The factory still replaces handlers by its own time (<c>SetHandlerLifetime</c>; two
    /// minutes): requests under way end on the old one's connections.</remarks>
    public static IHttpClientBuilder UseEventLoop(this IHttpClientBuilder builder, object? key = null, Action<SocketsHttpHandler>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ConfigurePrimaryHttpMessageHandler(provider =>
        {
            var loop = provider.GetKeyedService<Loop>(key) ?? throw new InvalidOperationException(
                key is null ? "There is no loop for the client: call services.AddEventLoop()."
                    : $"There is no loop '{key}' for the client: call services.AddKeyedEventLoop(...) with this key.");
            var handler = LoopHttp.CreateHandler(loop);
            configure?.Invoke(handler);
            return handler;
        });
    }

    /// <summary>Each request has a deadline, its body and retries by handlers added later included; a single request may have another one, by
    /// <see cref="HttpRequestDeadlineExtensions.SetDeadline"/>.</summary>
    /// <param name="builder">Of <c>services.AddHttpClient(...)</c>.</param>
    /// <param name="deadline">From when the request is sent. Null: only for requests that have one of their own.</param>
    /// <returns><paramref name="builder"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="deadline"/> is not more than zero.</exception>
    public static IHttpClientBuilder AddRequestDeadline(this IHttpClientBuilder builder, TimeSpan? deadline = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        RequestDeadlineHandler.Check(deadline);
        return builder.AddHttpMessageHandler(() => new RequestDeadlineHandler(deadline));
    }
}
