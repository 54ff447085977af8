using System.Threading.Channels;
using BenchmarkDotNet.Attributes;

namespace EventLoop.Benchmarks.Synchronization;

/// <summary>A million items from one producer to one consumer. Capacity 0: without limit; 1: each item is handed over to a task that waits.</summary>
[MemoryDiagnoser]
public class QueueOneToOne
{
    private const int Items = 1_000_000;

    [Params(0, 1, 128)]
    public int Capacity { get; set; }

    [Benchmark(OperationsPerInvoke = Items)]
    public void QueueOnTheLoop() => Loop.Run(async () =>
    {
        var queue = new AsyncQueue<int>(Capacity);
        LoopTask consumer = Loop.CreateTask(async () =>
        {
            for (int i = 0; i < Items; i++)
            {
                await queue.GetAsync();
            }
        });
        for (int i = 0; i < Items; i++)
        {
            await queue.PutAsync(i);
        }

        await consumer;
    });

    [Benchmark(OperationsPerInvoke = Items)]
    public void MemoryChannelOnTheLoop() => Loop.Run(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(Capacity == 0 ? int.MaxValue : Capacity);
        LoopTask consumer = Loop.CreateTask(async () =>
        {
            for (int i = 0; i < Items; i++)
            {
                await receiver.ReceiveAsync();
            }
        });
        for (int i = 0; i < Items; i++)
        {
            await sender.SendAsync(i);
        }

        await consumer;
    });

    [Benchmark(Baseline = true, OperationsPerInvoke = Items)]
    public async Task ChannelBetweenTwoPoolTasks()
    {
        var channel = Capacity == 0 ? Channel.CreateUnbounded<int>() : Channel.CreateBounded<int>(Capacity);
        Task consumer = Task.Run(async () =>
        {
            for (int i = 0; i < Items; i++)
            {
                await channel.Reader.ReadAsync();
            }
        });
        await Task.Run(async () =>
        {
            for (int i = 0; i < Items; i++)
            {
                await channel.Writer.WriteAsync(i);
            }
        });
        await consumer;
    }
}
