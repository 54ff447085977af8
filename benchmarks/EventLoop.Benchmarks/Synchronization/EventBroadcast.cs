using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Synchronization;

/// <summary>One event wakes all its waiters, a hundred times over; per waiter and time.</summary>
[MemoryDiagnoser]
public class EventBroadcast
{
    private const int Times = 100;
    private const int Waiters = 1000;

    [Benchmark(OperationsPerInvoke = Times * Waiters)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        var go = new AsyncEvent();
        var tasks = Enumerable.Range(0, Waiters).Select(_ => Loop.CreateTask(WaitAsync())).ToList();
        for (int i = 0; i < Times; i++)
        {
            await Loop.Yield();
            go.Set();
            go.Clear();
        }

        await Loop.Gather(tasks);

        async Coroutine WaitAsync()
        {
            for (int i = 0; i < Times; i++)
            {
                await go.WaitAsync();
            }
        }
    });

    [Benchmark(Baseline = true, OperationsPerInvoke = Times * Waiters)]
    public async Task TaskCompletionSourceOnThePool()
    {
        for (int i = 0; i < Times; i++)
        {
            var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Task[] waiters = new Task[Waiters];
            for (int k = 0; k < Waiters; k++)
            {
                waiters[k] = WaitAsync(go.Task);
            }

            go.SetResult();
            await Task.WhenAll(waiters);
        }

        static async Task WaitAsync(Task task) => await task;
    }
}
