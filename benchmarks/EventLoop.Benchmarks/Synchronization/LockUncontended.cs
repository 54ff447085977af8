using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Synchronization;

/// <summary>A free lock is acquired and released.</summary>
[MemoryDiagnoser]
public class LockUncontended
{
    private const int Operations = 100_000;

    [Benchmark(OperationsPerInvoke = Operations)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        var mutex = new AsyncLock();
        for (int i = 0; i < Operations; i++)
        {
            using (await mutex.AcquireAsync())
            {
            }
        }
    });

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public Task SemaphoreSlimOnThePool() => Task.Run(async () =>
    {
        using var mutex = new SemaphoreSlim(1);
        for (int i = 0; i < Operations; i++)
        {
            await mutex.WaitAsync();
            mutex.Release();
        }
    });
}
