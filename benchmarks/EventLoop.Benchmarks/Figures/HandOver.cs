using System.Threading.Channels;

namespace EventLoop.Benchmarks.Figures;

/// <summary>Items from one producer to one consumer: on the loop, and between two tasks on the thread pool. Capacity 0: without limit.</summary>
internal static class HandOver
{
    internal static async Coroutine Queue(int capacity, int items)
    {
        var queue = new AsyncQueue<int>(capacity);
        var consumer = Loop.CreateTask(ConsumeAsync());
        for (int i = 0; i < items; i++)
        {
            await queue.PutAsync(i);
        }

        await consumer;

        async Coroutine ConsumeAsync()
        {
            for (int i = 0; i < items; i++)
            {
                await queue.GetAsync();
            }
        }
    }

    internal static async Coroutine QueueByForEach(int capacity, int items)
    {
        var queue = new AsyncQueue<int>(capacity);
        var consumer = Loop.CreateTask(ConsumeAsync());
        for (int i = 0; i < items; i++)
        {
            await queue.PutAsync(i);
        }

        queue.Shutdown();
        await consumer;

        async Coroutine ConsumeAsync()
        {
            await foreach (int item in queue)
            {
                _ = item;
            }
        }
    }

    internal static async Coroutine Channel(int capacity, int items)
    {
        var (sender, receiver) = MemoryChannel.Create<int>(capacity == 0 ? int.MaxValue : capacity);
        var consumer = Loop.CreateTask(ConsumeAsync());
        for (int i = 0; i < items; i++)
        {
            await sender.SendAsync(i);
        }

        await consumer;

        async Coroutine ConsumeAsync()
        {
            for (int i = 0; i < items; i++)
            {
                await receiver.ReceiveAsync();
            }
        }
    }

    /// <summary>No wait at all: a hundred puts, a hundred gets, and again.</summary>
    internal static async Coroutine QueueWithoutWaits(int capacity, int items)
    {
        const int AtOnce = 100;
        var queue = new AsyncQueue<int>(capacity);
        for (int i = 0; i < items; i += AtOnce)
        {
            for (int k = 0; k < AtOnce; k++)
            {
                await queue.PutAsync(k);
            }

            for (int k = 0; k < AtOnce; k++)
            {
                await queue.GetAsync();
            }
        }
    }

    internal static Channel<int> New(int capacity, bool single, bool inline) => capacity == 0
        ? System.Threading.Channels.Channel.CreateUnbounded<int>(
            new UnboundedChannelOptions { SingleReader = single, SingleWriter = single, AllowSynchronousContinuations = inline })
        : System.Threading.Channels.Channel.CreateBounded<int>(
            new BoundedChannelOptions(capacity) { SingleReader = single, SingleWriter = single, AllowSynchronousContinuations = inline });

    internal static async Task OnThePool(Channel<int> channel, int items)
    {
        var consumer = Task.Run(async () =>
        {
            for (int i = 0; i < items; i++)
            {
                await channel.Reader.ReadAsync();
            }
        });
        await Task.Run(async () =>
        {
            for (int i = 0; i < items; i++)
            {
                await channel.Writer.WriteAsync(i);
            }
        });
        await consumer;
    }

    internal static async Task ByForEachOnThePool(Channel<int> channel, int items)
    {
        var consumer = Task.Run(async () =>
        {
            await foreach (int item in channel.Reader.ReadAllAsync())
            {
                _ = item;
            }
        });
        await Task.Run(async () =>
        {
            for (int i = 0; i < items; i++)
            {
                await channel.Writer.WriteAsync(i);
            }
        });
        channel.Writer.Complete();
        await consumer;
    }

    internal static async Task WithoutWaitsOnThePool(Channel<int> channel, int items)
    {
        const int AtOnce = 100;
        for (int i = 0; i < items; i += AtOnce)
        {
            for (int k = 0; k < AtOnce; k++)
            {
                await channel.Writer.WriteAsync(k);
            }

            for (int k = 0; k < AtOnce; k++)
            {
                await channel.Reader.ReadAsync();
            }
        }
    }
}
