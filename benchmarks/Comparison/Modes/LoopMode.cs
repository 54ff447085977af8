using System.Diagnostics;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>Coroutines on the loop: one thread; or one and those that compute for it.</summary>
internal static class LoopMode
{
    public static void Run(Plan plan, Latencies latencies) => Run(plan, latencies, threads: false);

    public static void RunWithThreads(Plan plan, Latencies latencies) => Run(plan, latencies, threads: true);

    private static void Run(Plan plan, Latencies latencies, bool threads) => Loop.Run(() => TaskGroup.Run(group =>
    {
        for (int worker = 0; worker < plan.Concurrency; worker++)
        {
            group.StartSoon(WorkAsync(plan, latencies, threads));
        }

        return default;
    }));

    private static async Coroutine WorkAsync(Plan plan, Latencies latencies, bool threads)
    {
        using LoopClient? client = plan.Fetches ? new LoopClient() : null;
        if (client is not null)
        {
            await client.ConnectAsync(plan.Port);
        }

        while (latencies.TryTake(out int job))
        {
            long started = Stopwatch.GetTimestamp();
            ReadOnlyMemory<byte> page = client is null ? Computing.Page : await client.FetchAsync();
            if (threads)
            {
                await Loop.ToThread(() => Computing.Compute(page.Span, plan.Passes));
            }
            else
            {
                Computing.Compute(page.Span, plan.Passes);
            }

            latencies.Done(job, started);
        }
    }
}
