using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Scheduling;

/// <summary>Another thread posts callbacks; the loop runs them.</summary>
[MemoryDiagnoser]
public class PostFromThread
{
    private const int Operations = 100_000;

    private int calls;

    [Benchmark(OperationsPerInvoke = Operations)]
    public void OnTheLoop() => Loop.Run(async () =>
    {
        var loop = Loop.Current;
        var all = loop.CreateFuture();
        calls = 0;
        _ = Task.Run(() =>
        {
            for (int i = 0; i < Operations; i++)
            {
                loop.Post(
                    static state =>
                    {
                        if (++state.Self.calls == Operations)
                        {
                            state.All.SetResult();
                        }
                    },
                    (Self: this, All: all));
            }
        });
        await all;
    });

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public async Task OnThePool()
    {
        var channel = System.Threading.Channels.Channel.CreateUnbounded<Action>();
        calls = 0;
        var reader = Task.Run(async () =>
        {
            await foreach (var callback in channel.Reader.ReadAllAsync())
            {
                callback();
            }
        });
        for (int i = 0; i < Operations; i++)
        {
            channel.Writer.TryWrite(() => calls++);
        }

        channel.Writer.Complete();
        await reader;
    }
}
