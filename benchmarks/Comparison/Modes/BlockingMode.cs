using System.Diagnostics;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>One job after the other, with blocking calls.</summary>
internal static class BlockingMode
{
    public static void Run(Plan plan, Latencies latencies) => Work(plan, latencies);

    /// <summary>Takes jobs until none is left.</summary>
    public static void Work(Plan plan, Latencies latencies)
    {
        using BlockingClient? client = plan.Fetches ? new BlockingClient(plan.Port) : null;
        while (latencies.TryTake(out int job))
        {
            long started = Stopwatch.GetTimestamp();
            Do(plan, client);
            latencies.Done(job, started);
        }
    }

    public static void Do(Plan plan, BlockingClient? client)
    {
        if (client is null)
        {
            Computing.Compute(Computing.Page, plan.Passes);
        }
        else
        {
            Computing.Compute(client.Fetch().Span, plan.Passes);
        }
    }
}
