using System.Diagnostics;
using EventLoop;

namespace Workers;

/// <summary>One piece of work.</summary>
internal sealed record Job(string Name, Func<ProcessExecutor, Coroutine<string>> Run)
{
    public static Job Of<TArgument, TResult>(string name, Func<TArgument, TResult> work, TArgument argument) =>
        new(name, async Coroutine<string> (pool) => $"{await pool.Run(work, argument)}");
}

/// <summary>Runs jobs in worker processes with a limit of time and of memory for each.</summary>
internal sealed class JobService(int workers)
{
    public async Coroutine<int> RunAsync(IReadOnlyList<Job> jobs)
    {
        await using var pool = new ProcessExecutor(new ProcessExecutorOptions
        {
            Workers = workers,
            TaskTimeout = TimeSpan.FromSeconds(3),
            CancelGrace = TimeSpan.FromMilliseconds(200),
            MemoryLimit = 200_000_000,
            Serializer = new MemoryPackWork(),
        });
        int finished = 0;
        var time = Stopwatch.StartNew();
        await TaskGroup.Run(async Coroutine (group) =>
        {
            foreach (var job in jobs)
            {
                _ = group.CreateTask(async Coroutine () =>
                {
                    if (await RunAsync(pool, job))
                    {
                        finished++;
                    }
                });
            }

            await Loop.Yield();
        });

        var statistics = pool.Statistics;
        Console.WriteLine();
        Console.WriteLine($"{finished} of {jobs.Count} jobs finished in {time.Elapsed.TotalSeconds:0.0} s; {statistics.WorkersStarted} worker processes were "
            + $"started for {workers} places.");
        Console.WriteLine($"completed {statistics.Completed}, failed {statistics.Failed}, timed out {statistics.TimedOut}, crashed {statistics.Crashed}");
        return finished == jobs.Count - 3 ? 0 : 1;
    }

    private static async Coroutine<bool> RunAsync(ProcessExecutor pool, Job job)
    {
        try
        {
            Console.WriteLine($"  {job.Name}: {await job.Run(pool)}");
            return true;
        }
        catch (Exception failure) when (failure is WorkerCrashedException or TimeoutException or OutOfMemoryException)
        {
            Console.WriteLine($"  {job.Name}: {failure.GetType().Name}: {failure.Message.Split('\n')[0]}");
            return false;
        }
    }
}
