using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Scheduling;

/// <summary>A callback with state is scheduled and run; the handle is discarded.</summary>
[MemoryDiagnoser]
public class CallSoon
{
    private const int Operations = 100_000;

    private int calls;

    [Benchmark(OperationsPerInvoke = Operations)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        for (int i = 0; i < Operations / 100; i++)
        {
            for (int k = 0; k < 100; k++)
            {
                Schedule(Loop.Current);
            }

            await Loop.Yield();
        }
    });

    // Outside a loop of its caller the JIT leaves the handle out.
    private void Schedule(Loop loop) => loop.CallSoon(static self => self.calls++, this);

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public void OnThePool()
    {
        using var done = new CountdownEvent(Operations);
        for (int i = 0; i < Operations; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static done => done.Signal(), done, preferLocal: false);
        }

        done.Wait();
    }
}
