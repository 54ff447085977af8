using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Synchronization;

/// <summary>Eight tasks share three permits and yield while they hold one.</summary>
[MemoryDiagnoser]
public class SemaphoreOfThree
{
    private const int Tasks = 8;
    private const int Operations = 80_000;

    [Benchmark(OperationsPerInvoke = Operations)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        var permits = new AsyncSemaphore(3);
        await Loop.Gather(Enumerable.Range(0, Tasks).Select(_ => UseAsync()));

        async Coroutine UseAsync()
        {
            for (int i = 0; i < Operations / Tasks; i++)
            {
                using (await permits.AcquireAsync())
                {
                    await Loop.Yield();
                }
            }
        }
    });

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public async Task SemaphoreSlimOnThePool()
    {
        using var permits = new SemaphoreSlim(3);
        await Task.WhenAll(Enumerable.Range(0, Tasks).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < Operations / Tasks; i++)
            {
                await permits.WaitAsync();
                await Task.Yield();
                permits.Release();
            }
        })));
    }
}
