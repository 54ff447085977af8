using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Scheduling;

/// <summary>Two tasks wake each other through futures; an operation is a round trip.</summary>
[MemoryDiagnoser]
public class FuturePingPong
{
    private const int Operations = 50_000;

    [Benchmark(OperationsPerInvoke = Operations)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        var there = new LoopFuture();
        var back = new LoopFuture();
        var pong = Loop.CreateTask(async () =>
        {
            for (int i = 0; i < Operations; i++)
            {
                await there;
                there = new LoopFuture();
                back.SetResult();
            }
        });
        for (int i = 0; i < Operations; i++)
        {
            var mine = back;
            there.SetResult();
            await mine;
            back = new LoopFuture();
        }

        await pong;
    });

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public async Task OnThePool()
    {
        var there = NewSource();
        var back = NewSource();
        var pong = Task.Run(async () =>
        {
            for (int i = 0; i < Operations; i++)
            {
                await Volatile.Read(ref there).Task;
                Volatile.Write(ref there, NewSource());
                Volatile.Read(ref back).SetResult();
            }
        });
        for (int i = 0; i < Operations; i++)
        {
            var mine = NewSource();
            Volatile.Write(ref back, mine);
            Volatile.Read(ref there).SetResult();
            await mine.Task;
        }

        await pong;
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
