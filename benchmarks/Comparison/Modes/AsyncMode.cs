using System.Diagnostics;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>Plain async methods on the thread pool.</summary>
internal static class AsyncMode
{
    public static void Run(Plan plan, Latencies latencies) =>
        Task.WhenAll(Enumerable.Range(0, plan.Concurrency).Select(_ => Task.Run(() => WorkAsync(plan, latencies)))).GetAwaiter().GetResult();

    private static async Task WorkAsync(Plan plan, Latencies latencies)
    {
        using AsyncClient? client = plan.Fetches ? new AsyncClient() : null;
        if (client is not null)
        {
            await client.ConnectAsync(plan.Port);
        }

        while (latencies.TryTake(out int job))
        {
            long started = Stopwatch.GetTimestamp();
            if (client is null)
            {
                Computing.Compute(Computing.Page, plan.Passes);
            }
            else
            {
                Computing.Compute((await client.FetchAsync()).Span, plan.Passes);
            }

            latencies.Done(job, started);
        }
    }
}
