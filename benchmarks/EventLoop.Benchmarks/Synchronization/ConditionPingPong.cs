using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Synchronization;

/// <summary>Two tasks take turns: by a condition here, by two semaphores on the pool, which has no condition. Per round trip.</summary>
[MemoryDiagnoser]
public class ConditionPingPong
{
    private const int Rounds = 50_000;

    [Benchmark(OperationsPerInvoke = Rounds)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        var condition = new AsyncCondition();
        bool ping = false;
        LoopTask other = Loop.CreateTask(PlayAsync(true));
        await PlayAsync(false);
        await other;

        async Coroutine PlayAsync(bool mine)
        {
            for (int i = 0; i < Rounds; i++)
            {
                using (await condition.AcquireAsync())
                {
                    while (ping != mine)
                    {
                        await condition.WaitAsync();
                    }

                    ping = !mine;
                    condition.Notify();
                }
            }
        }
    });

    [Benchmark(Baseline = true, OperationsPerInvoke = Rounds)]
    public async Task TwoSemaphoresOnThePool()
    {
        using var ping = new SemaphoreSlim(0);
        using var pong = new SemaphoreSlim(1);
        await Task.WhenAll(Task.Run(() => PlayAsync(pong, ping)), Task.Run(() => PlayAsync(ping, pong)));

        static async Task PlayAsync(SemaphoreSlim mine, SemaphoreSlim theirs)
        {
            for (int i = 0; i < Rounds; i++)
            {
                await mine.WaitAsync();
                theirs.Release();
            }
        }
    }
}
