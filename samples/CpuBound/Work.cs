using System.Diagnostics;
using System.Runtime.CompilerServices;
using EventLoop;

namespace CpuBound;

/// <summary>The same jobs, run in six ways.</summary>
internal sealed class Work(int jobs, int size)
{
    public int Jobs => jobs;
    public int Size => size;

    public Result Inline()
    {
        var watch = Stopwatch.StartNew();
        var sums = new UInt128[jobs];
        for (int job = 0; job < jobs; job++)
            sums[job] = SumOfSquares(size);
        return Finish(watch, sums);
    }

    public Result ParallelFor()
    {
        var watch = Stopwatch.StartNew();
        var sums = new UInt128[jobs];
        Parallel.For(0, jobs, job => sums[job] = SumOfSquares(size));
        return Finish(watch, sums);
    }

    public Coroutine<Result> OnTheLoopAsync() => UnderHeartbeatAsync(SumOnTheLoopAsync);

    public Coroutine<Result> InExecutorAsync() => UnderHeartbeatAsync(() => Loop.RunInExecutor(null, () => SumOfSquares(size)));

    // The workers are started before the watch: that costs what starting a program does, once.
    public async Coroutine<Result> InProcessesAsync()
    {
        await using var pool = new ProcessExecutor();
        await pool.WarmUpAsync();
        return await UnderHeartbeatAsync(() => pool.Run(SumOfSquares, size));
    }

    // As before: the silos are there when the watch starts. They share this machine; on others they would bring processors of their own.
    public async Coroutine<Result> InClusterAsync()
    {
        await using OwnCluster cluster = await OwnCluster.StartAsync(silos: 2);
        await cluster.Executor.Run(SumOfSquares, 1);
        return await UnderHeartbeatAsync(() => cluster.Executor.Run(SumOfSquares, size));
    }

    // An await alone moves nothing off the loop: what follows it computes here, and nobody else's turn comes before it is done.
    private async Coroutine<UInt128> SumOnTheLoopAsync()
    {
        await Loop.Yield();
        return SumOfSquares(size);
    }

    private async Coroutine<Result> UnderHeartbeatAsync(Func<Coroutine<UInt128>> job)
    {
        var heartbeat = new Heartbeat();
        LoopTask beating = Loop.CreateTask(heartbeat.BeatAsync(), "heartbeat");
        await Loop.Yield();   // the first beat, before the work begins

        var watch = Stopwatch.StartNew();
        UInt128[] sums = await Loop.Gather(Enumerable.Range(0, jobs).Select(_ => job()));
        Result result = Finish(watch, sums);

        beating.Cancel();
        await Loop.Wait([beating]);   // here lands, too, a Ctrl-C that came while the loop was held up
        return result with { LongestPause = heartbeat.LongestPause };
    }

    private Result Finish(Stopwatch watch, UInt128[] sums)
    {
        TimeSpan time = watch.Elapsed;
        UInt128 n = (UInt128)size - 1, expected = n * (n + 1) * (2 * n + 1) / 6;
        if (sums.Any(sum => sum != expected))
            throw new InvalidOperationException("A job computed a wrong sum.");
        return new Result(time, LongestPause: null);
    }

    // Optimized from the first call, so that no row pays for the warm-up of the others.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static UInt128 SumOfSquares(int size)
    {
        UInt128 sum = 0;
        for (ulong i = 0; i < (ulong)size; i++)
            sum += i * i;
        return sum;
    }
}

/// <param name="Time">From the start of the first job to the end of the last.</param>
/// <param name="LongestPause">How long the loop could do nothing else; null without a loop.</param>
internal readonly record struct Result(TimeSpan Time, TimeSpan? LongestPause);
