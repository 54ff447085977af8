using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Synchronization;

/// <summary>Eight tasks want the same lock and yield while they hold it.</summary>
[MemoryDiagnoser]
public class LockContended
{
    private const int Tasks = 8;
    private const int Operations = 80_000;

    [Benchmark(OperationsPerInvoke = Operations)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        var mutex = new AsyncLock();
        await Loop.Gather(Enumerable.Range(0, Tasks).Select(_ => UseAsync()));

        async Coroutine UseAsync()
        {
            for (int i = 0; i < Operations / Tasks; i++)
            {
                using (await mutex.AcquireAsync())
                {
                    await Loop.Yield();
                }
            }
        }
    });

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public async Task SemaphoreSlimOnThePool()
    {
        using var mutex = new SemaphoreSlim(1);
        await Task.WhenAll(Enumerable.Range(0, Tasks).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < Operations / Tasks; i++)
            {
                await mutex.WaitAsync();
                await Task.Yield();
                mutex.Release();
            }
        })));
    }
}
