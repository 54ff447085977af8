using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Scheduling;

/// <summary>A timer is created and cancelled.</summary>
[MemoryDiagnoser]
public class CallLaterCancel
{
    private const int Operations = 100_000;

    [Benchmark(OperationsPerInvoke = Operations)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        await Loop.Yield();
        for (int i = 0; i < Operations; i++)
        {
            CreateAndCancel(Loop.Current);
        }
    });

    // Outside a loop of its caller the JIT leaves the handle out.
    private void CreateAndCancel(Loop loop) => loop.CallLater(TimeSpan.FromSeconds(10), static _ => { }, this).Cancel();

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public void OnThePool()
    {
        for (int i = 0; i < Operations; i++)
        {
            new Timer(static _ => { }, null, 10_000, Timeout.Infinite).Dispose();
        }
    }
}
