using EventLoop;
using EventLoop.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The health check of loops.</summary>
public static class EventLoopHealthChecksBuilderExtensions
{
    /// <summary>Adds a check that the application's loop is turning: it responds within <see cref="HostedLoopOptions.HeartbeatLimit"/>. Otherwise the step
    /// that holds it up is named.</summary>
    /// <param name="builder">The result of <c>services.AddHealthChecks()</c>.</param>
    /// <param name="name">The name of the check. Null: "loop".</param>
    /// <param name="failureStatus">What a failure reports. Null: unhealthy.</param>
    /// <param name="tags">Tags of the check. Null: none.</param>
    /// <returns><paramref name="builder"/>.</returns>
    /// <remarks>Its data are <see cref="Loop.Statistics"/>: tasks, ready, timers, steps, busy, idle; and the delay.</remarks>
    public static IHealthChecksBuilder AddEventLoop(this IHealthChecksBuilder builder, string? name = null, HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null) =>
        Add(builder, null, name ?? "loop", failureStatus, tags);

    /// <summary>Adds the check of a loop that was added under a key.</summary>
    /// <param name="builder">The result of <c>services.AddHealthChecks()</c>.</param>
    /// <param name="key">The key of the loop.</param>
    /// <param name="name">The name of the check. Null: "loop KEY".</param>
    /// <param name="failureStatus">What a failure reports. Null: unhealthy.</param>
    /// <param name="tags">Tags of the check. Null: none.</param>
    /// <inheritdoc cref="AddEventLoop" path="/returns|/remarks"/>
    public static IHealthChecksBuilder AddKeyedEventLoop(
        this IHealthChecksBuilder builder, object key, string? name = null, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Add(builder, key, name ?? $"loop {key}", failureStatus, tags);
    }

    private static IHealthChecksBuilder Add(IHealthChecksBuilder builder, object? key, string name, HealthStatus? failureStatus, IEnumerable<string>? tags)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(name, provider => new LoopHealthCheck(Find(provider, key)), failureStatus, tags));
    }

    private static Heartbeat Find(IServiceProvider provider, object? key) => provider.GetKeyedService<Heartbeat>(key)
        ?? throw new InvalidOperationException(key is null ? "There is no loop to check: call services.AddEventLoop()."
            : $"There is no loop '{key}' to check: call services.AddKeyedEventLoop(...) with this key.");
}
