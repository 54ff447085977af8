using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Scheduling;

/// <summary>Two tasks that give way to each other.</summary>
[MemoryDiagnoser]
public class Yield
{
    private const int Operations = 100_000;

    [Benchmark(OperationsPerInvoke = 2 * Operations)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        var other = Loop.CreateTask(Yielder());
        await Yielder();
        await other;
    });

    private static async Coroutine Yielder()
    {
        for (int i = 0; i < Operations; i++)
        {
            await Loop.Yield();
        }
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = 2 * Operations)]
    public Task OnThePool() => Task.WhenAll(Task.Run(PoolYielder), Task.Run(PoolYielder));

    private static async Task PoolYielder()
    {
        for (int i = 0; i < Operations; i++)
        {
            await Task.Yield();
        }
    }
}
