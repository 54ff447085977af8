using System.Diagnostics;
using EventLoop;
using EventLoop.Orleans;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Concurrency;
using Orleans.TestingHost;

namespace Processes;

/// <summary>A grain that does next to nothing: what a call of Orleans costs by itself.</summary>
[Alias("EventLoop.Benchmarks.IBareGrain")]
public interface IBareGrain : IGrainWithIntegerKey
{
    [Alias("Next")]
    Task<int> Next(int value);
}

/// <inheritdoc cref="IBareGrain"/>
[StatelessWorker]
public sealed class BareGrain : Grain, IBareGrain
{
    public Task<int> Next(int value) => Task.FromResult(value + 1);
}

/// <summary>Work for two silos, which live in this process, beside bare calls of grains there.</summary>
internal static class Cluster
{
    private const int AtOnce = 256, Doors = 64;

    public static async Coroutine Run(Report report)
    {
        var builder = new InProcessTestClusterBuilder(2);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo(static (_, silo) => silo.AddEventLoopWorkers());
        builder.ConfigureClient(static client => client.UseClusterExecutor());
        await using var cluster = builder.Build();
        await cluster.DeployAsync();
        await Empty(report, cluster.Client, cluster.Client.ServiceProvider.GetRequiredService<ClusterExecutor>());
        await OfTenMilliseconds(report, cluster.Client, cluster.Client.ServiceProvider.GetRequiredService<ClusterExecutor>());
        await cluster.StopAllSilosAsync(CancellationToken.None);
    }

    private static async Coroutine Empty(Report report, IClusterClient client, ClusterExecutor executor)
    {
        int count = report.IsQuick ? 3_000 : 10_000;
        IBareGrain[] grains = [.. Enumerable.Range(0, Doors).Select(number => client.GetGrain<IBareGrain>(number))];
        List<double> ratios = [], mapped = [], micros = [], bareMicros = [];
        for (int i = 0; i < report.Rounds + 1; i++)
        {
            double bare = await Time(count, async Coroutine (number) =>
                Verify(await grains[number % Doors].Next(number), number));
            double ours = await Time(count, async Coroutine (number) => Verify(await executor.Run(static x => x + 1, number), number));
            var time = Stopwatch.StartNew();
            int next = 0;
            await foreach (int result in executor.Map(static x => x + 1, Enumerable.Range(0, count), chunk: 50))
            {
                Verify(result, next++);
            }

            double map = time.Elapsed.TotalMilliseconds;
            if (i > 0)
            {
                ratios.Add(bare / ours);
                mapped.Add(bare / map);
                micros.Add(ours / count * 1000);
                bareMicros.Add(bare / count * 1000);
            }
        }

        report.Add($"cluster: {count} empty pieces of work to two silos, rate by bare grain calls'", Report.Median(ratios), goal: 0.8, atLeast: true);
        report.Add("    one", Report.Median(micros), "us");
        report.Add("    a bare call", Report.Median(bareMicros), "us");
        report.Add("    Map with chunks of 50, rate by bare grain calls'", Report.Median(mapped));
    }

    private static async Coroutine OfTenMilliseconds(Report report, IClusterClient client, ClusterExecutor executor)
    {
        const int count = 30;
        List<double> overheads = [], bare = [];
        for (int i = 0; i < report.Rounds + 1; i++)
        {
            double inside = 0;
            var time = Stopwatch.StartNew();
            for (int j = 0; j < count; j++)
            {
                inside += await executor.Run(static milliseconds =>
                {
                    var time = Stopwatch.StartNew();
                    Thread.Sleep(milliseconds);
                    return time.Elapsed.TotalMilliseconds;
                }, 10);
            }

            if (i > 0)
            {
                overheads.Add((time.Elapsed.TotalMilliseconds - inside) / inside * 100);
            }
        }

        for (int j = 0; j < count; j++)
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(10));
            var time = Stopwatch.StartNew();
            await client.GetGrain<IBareGrain>(j % Doors).Next(j);
            bare.Add(time.Elapsed.TotalMilliseconds / 10 * 100);
        }

        report.Add("cluster: what work of 10 ms costs beside itself", Report.Median(overheads), "%", goal: 5);
        report.Add("    a bare call after 10 ms of rest", Report.Median(bare), "%");
    }

    // So many at a time.
    private static async Coroutine<double> Time(int count, Func<int, Coroutine> call)
    {
        int next = 0;
        var time = Stopwatch.StartNew();
        await Loop.Gather(Enumerable.Range(0, AtOnce).Select(_ => Loop.CreateTask(async Coroutine () =>
        {
            while (next < count)
            {
                await call(next++);
            }
        })).ToArray());
        return time.Elapsed.TotalMilliseconds;
    }

    private static void Verify(int result, int number)
    {
        if (result != number + 1)
        {
            throw new InvalidOperationException($"{number} came back as {result}.");
        }
    }
}
