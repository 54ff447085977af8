using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventLoop.Hosting;

/// <summary>A loop is healthy if it gets to what is posted to it within the limit; otherwise the step that holds it up is named.</summary>
internal sealed class LoopHealthCheck(Heartbeat heartbeat) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var loop = heartbeat.Loop;
        if (!loop.IsRunning)
        {
            return Unhealthy($"Loop '{loop.Name}' {(loop.IsClosed ? "has ended" : "does not run yet")}.");
        }

        TimeSpan? delay;
        try
        {
            delay = await heartbeat.MeasureAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            return Unhealthy($"Loop '{loop.Name}' has ended.");
        }

        var now = loop.Statistics;
        var data = new Dictionary<string, object>
        {
            ["tasks"] = now.TaskCount, ["ready"] = now.ReadyCount, ["timers"] = now.TimerCount, ["steps"] = now.Steps, ["busy"] = now.BusyTime,
                ["idle"] = now.IdleTime,
        };
        if (delay is not { } time)
        {
            return Unhealthy($"Loop '{loop.Name}' has not come round for more than {Seconds(heartbeat.Limit)}: it is in a step of {heartbeat.CurrentStep}. "
                + "What blocks there has to be awaited, or moved to Loop.ToThread(...), as has what computes.",
                data);
        }

        data["delay"] = time;
        return HealthCheckResult.Healthy($"Loop '{loop.Name}' came round in {Seconds(time)}.", data);

        HealthCheckResult Unhealthy(string description, IReadOnlyDictionary<string, object>? data = null) =>
            new(context.Registration.FailureStatus, description, data: data);
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.######", CultureInfo.InvariantCulture) + " s";
}
