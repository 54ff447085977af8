using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Scheduling;

/// <summary>An async method that suspends once is awaited directly.</summary>
[MemoryDiagnoser]
public class NestedAwait
{
    private const int Operations = 100_000;

    [Benchmark(OperationsPerInvoke = Operations)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        for (int i = 0; i < Operations; i++)
        {
            await YieldOnce();
        }
    });

    private static async Coroutine YieldOnce() => await Loop.Yield();

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public async Task OnThePool()
    {
        for (int i = 0; i < Operations; i++)
        {
            await PoolYieldOnce();
        }
    }

    private static async Task PoolYieldOnce() => await Task.Yield();
}
