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

    [Alias("Compute")]
    Task<double> Compute(int rounds);
}

/// <inheritdoc cref="IBareGrain"/>
[StatelessWorker]
public sealed class BareGrain : Grain, IBareGrain
{
    public Task<int> Next(int value) => Task.FromResult(value + 1);

    public Task<double> Compute(int rounds) => Task.FromResult(Cluster.Compute(rounds));
}

/// <summary>Work for two silos, which live in this process, beside bare calls of grains there.</summary>
internal static class Cluster
{
    private const int Silos = 2, AtOnce = 256, Doors = 64;

    public static async Coroutine Run(Report report)
    {
        var builder = new InProcessTestClusterBuilder(Silos);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo(static (_, silo) => silo.AddEventLoopWorkers(static options => options.Workers = Math.Max(1, Environment.ProcessorCount / Silos)));
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

    // Always the same instructions: what shares a core with others takes longer, as it does everywhere else.
    private static async Coroutine OfTenMilliseconds(Report report, IClusterClient client, ClusterExecutor executor)
    {
        const int alone = 30;
        int count = report.IsQuick ? 60 : 200, rounds = TenMilliseconds();
        var grain = client.GetGrain<IBareGrain>(0);
        List<double> many = [], one = [], bare = [], rested = [];
        for (int i = 0; i < report.Rounds + 1; i++)
        {
            double here = OnThreads(rounds, count);
            var time = Stopwatch.StartNew();
            await foreach (double took in executor.Map(Compute, Enumerable.Repeat(rounds, count)))
            {
            }

            double there = time.Elapsed.TotalMilliseconds;
            double ours = await OneByOne(alone, async Coroutine<double> () => await executor.Run(Compute, rounds));
            double theirs = await OneByOne(alone, async Coroutine<double> () => await grain.Compute(rounds));
            double afterRest = await OneByOne(alone, async Coroutine<double> () => await executor.Run(Rest, 10));
            if (i > 0)
            {
                many.Add((there / here - 1) * 100);
                one.Add(ours);
                bare.Add(theirs);
                rested.Add(afterRest);
            }
        }

        report.Add($"cluster: {count} pieces of 10 ms by Map, time beyond that on as many threads as cores", Report.Median(many), "%", goal: 5);
        report.Add("cluster: a piece of 10 ms alone, time beyond its own, the middle one", Report.Median(one), "%", goal: 5);
        report.Add("    of a grain that computes the same", Report.Median(bare), "%");
        report.Add("    of one that rests, and so do all cores", Report.Median(rested), "%");
    }

    /// <summary>Computes, and says how long that took, in milliseconds.</summary>
    public static double Compute(int rounds)
    {
        var time = Stopwatch.StartNew();
        uint state = 1;
        for (int i = 0; i < rounds; i++)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
        }

        double elapsed = time.Elapsed.TotalMilliseconds;
        return state == 0 ? 0 : elapsed;
    }

    private static double Rest(int milliseconds)
    {
        var time = Stopwatch.StartNew();
        Thread.Sleep(milliseconds);
        return time.Elapsed.TotalMilliseconds;
    }

    // How much work that is.
    private static int TenMilliseconds()
    {
        const int most = 10_000_000;
        Compute(most);      // as it is compiled in the end
        return (int)(most * 10 / Enumerable.Range(0, 5).Min(static _ => Compute(most)));
    }

    private static double OnThreads(int rounds, int count)
    {
        var time = Stopwatch.StartNew();
        Thread[] threads = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(() =>
        {
            while (Interlocked.Decrement(ref count) >= 0)
            {
                Compute(rounds);
            }
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        return time.Elapsed.TotalMilliseconds;
    }

    // Of the middle one: what else happens on the machine falls on a few.
    private static async Coroutine<double> OneByOne(int count, Func<Coroutine<double>> work)
    {
        List<double> beyond = [];
        for (int i = 0; i < count; i++)
        {
            var time = Stopwatch.StartNew();
            double inside = await work();
            beyond.Add((time.Elapsed.TotalMilliseconds / inside - 1) * 100);
        }

        return Report.Median(beyond);
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
