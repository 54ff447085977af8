using EventLoop;
using EventLoop.Hosting;
using EventLoop.Net;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Clients of <see cref="IHttpClientFactory"/> on the loop, and deadlines for their requests.</summary>
public static class EventLoopHttpClientBuilderExtensions
{
    /// <summary>Puts the client's connections on the application's loop: its primary handler is <see cref="LoopHttp.CreateHandler(Loop)"/>, wherever and
    /// whenever the factory makes it.</summary>
    /// <param name="builder">The result of <c>services.AddHttpClient(...)</c>.</param>
    /// <param name="key">The key of the loop, if it was added under one. Null: the application's loop.</param>
    /// <param name="configure">Configures each handler further. Null: nothing.</param>
    /// <returns><paramref name="builder"/>.</returns>
    /// <remarks>The factory still replaces handlers after its own lifetime (<c>SetHandlerLifetime</c>; two minutes): requests in progress end on the old one's
    /// connections. After the loop's end clients are made as before, and their requests fail with an <see cref="HttpRequestException"/>.</remarks>
    public static IHttpClientBuilder UseEventLoop(this IHttpClientBuilder builder, object? key = null, Action<SocketsHttpHandler>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ConfigurePrimaryHttpMessageHandler(provider =>
        {
            var loop = provider.GetKeyedService<Loop>(key) ?? throw new InvalidOperationException(
                key is null ? "There is no loop for the client: call services.AddEventLoop()."
                    : $"There is no loop '{key}' for the client: call services.AddKeyedEventLoop(...) with this key.");
            var handler = LoopHttp.MakeHandler(loop);
            configure?.Invoke(handler);
            return handler;
        });
    }

    /// <summary>Gives each request a deadline, which includes its body and retries by handlers added later; a single request may have a different one, by
    /// <see cref="HttpRequestDeadlineExtensions.SetDeadline"/>.</summary>
    /// <param name="builder">The result of <c>services.AddHttpClient(...)</c>.</param>
    /// <param name="deadline">Counted from when the request is sent. Null: only for requests that have one of their own.</param>
    /// <returns><paramref name="builder"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="deadline"/> is not positive.</exception>
    public static IHttpClientBuilder AddRequestDeadline(this IHttpClientBuilder builder, TimeSpan? deadline = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        RequestDeadlineHandler.Check(deadline);
        return builder.AddHttpMessageHandler(() => new RequestDeadlineHandler(deadline));
    }
}
