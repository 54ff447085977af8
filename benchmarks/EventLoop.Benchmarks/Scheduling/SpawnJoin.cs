using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Scheduling;

/// <summary>Many tasks are started, each yields once, then all are awaited.</summary>
[MemoryDiagnoser]
public class SpawnJoin
{
    private const int Operations = 100_000;

    [Benchmark(OperationsPerInvoke = Operations)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        var tasks = new LoopTask[Operations];
        for (int i = 0; i < Operations; i++)
        {
            tasks[i] = Loop.CreateTask(YieldOnce());
        }

        foreach (var task in tasks)
        {
            await task;
        }
    });

    private static async Coroutine YieldOnce() => await Loop.Yield();

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public async Task OnThePool()
    {
        var tasks = new Task[Operations];
        for (int i = 0; i < Operations; i++)
        {
            tasks[i] = Task.Run(PoolYieldOnce);
        }

        await Task.WhenAll(tasks);
    }

    private static async Task PoolYieldOnce() => await Task.Yield();
}
