using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Scheduling;

/// <summary>A task is started and awaited, one after the other.</summary>
[MemoryDiagnoser]
public class SpawnAwait
{
    private const int Operations = 100_000;

    [Benchmark(OperationsPerInvoke = Operations)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        for (int i = 0; i < Operations; i++)
        {
            await Loop.CreateTask(Nothing());
        }
    });

#pragma warning disable CS1998 // a coroutine that does nothing is the point
    private static async Coroutine Nothing()
    {
    }
#pragma warning restore CS1998

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public async Task OnThePool()
    {
        for (int i = 0; i < Operations; i++)
        {
            await Task.Run(static () => { });
        }
    }
}
