using System.Diagnostics;

namespace EventLoop.Tests.Synchronization;

/// <summary>What costs nothing in the steady state: rounds of operations until one of them allocates less than a byte for each operation.</summary>
[Collection(ProcessWide.Name)]
public sealed class SynchronizationAllocationTests : LoopTest
{
    private const int Operations = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    [Fact]
    public void An_uncontended_lock_allocates_nothing()
    {
        var mutex = new AsyncLock();
        ShouldCostNothing(async () =>
        {
            for (int i = 0; i < Operations; i++)
            {
                using (await mutex.AcquireAsync())
                {
                    mutex.IsLocked.Equals(true);
                }
            }
        });
    }

    [Fact]
    public void A_contended_lock_allocates_nothing()
    {
        var mutex = new AsyncLock();
        Contend(8, async () =>
        {
            using (await mutex.AcquireAsync())
            {
                await Loop.Yield();
            }
        });
    }

    [Fact]
    public void An_uncontended_semaphore_allocates_nothing_with_releasers_and_without()
    {
        var semaphore = new AsyncSemaphore(2);
        ShouldCostNothing(async () =>
        {
            for (int i = 0; i < Operations; i++)
            {
                using (await semaphore.AcquireAsync())
                {
                    await semaphore.AcquireAsync();
                    semaphore.Release();
                }
            }
        });
    }

    [Fact]
    public void A_semaphore_contended_by_many_tasks_allocates_nothing()
    {
        var semaphore = new AsyncSemaphore(10);
        Contend(50, async () =>
        {
            using (await semaphore.AcquireAsync())
            {
                await Loop.Yield();
            }
        });
    }

    [Fact]
    public void A_contended_limiter_allocates_nothing()
    {
        var limiter = new CapacityLimiter(3);
        Contend(8, async () =>
        {
            using (await limiter.AcquireAsync())
            {
                await Loop.Yield();
            }
        });
    }

    [Fact]
    public void An_event_allocates_nothing()
    {
        var ready = new AsyncEvent();
        int waiting = 0;
        Contend(8, async () =>
        {
            if (++waiting == 8)
            {
                waiting = 0;
                ready.Set();
                ready.Clear();
                await Loop.Yield();
            }
            else
            {
                await ready.WaitAsync();
            }
        });
    }

    [Fact]
    public void A_barrier_allocates_nothing()
    {
        var barrier = new AsyncBarrier(8);
        Contend(8, async () => await barrier.WaitAsync());
    }

    [Fact]
    public void A_condition_allocates_nothing()
    {
        var condition = new AsyncCondition();
        bool first = false;
        ShouldCostNothing(async () =>
        {
            LoopTask other = Loop.CreateTask(Alternate(true));
            await Alternate(false);
            await other;
        });

        async Coroutine Alternate(bool mine)
        {
            for (int i = 0; i < Operations; i++)
            {
                using (await condition.AcquireAsync())
                {
                    while (first != mine)
                    {
                        await condition.WaitAsync();
                    }

                    first = !mine;
                    condition.Notify();
                }
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(128)]
    public void A_queue_allocates_nothing_whoever_waits(int capacity)
    {
        var queue = new AsyncQueue<string>(capacity);
        Pass(item => queue.PutAsync(item), queue.GetAsync);
    }

    [Fact]
    public void A_priority_queue_allocates_nothing()
    {
        var queue = new AsyncPriorityQueue<string, int>(16);
        Pass(item => queue.PutAsync(item, 1), queue.GetAsync);
    }

    [Fact]
    public void Join_and_TaskDone_allocate_nothing()
    {
        var queue = new AsyncQueue<int>(1);
        ShouldCostNothing(async () =>
        {
            LoopTask worker = Loop.CreateTask(async () =>
            {
                for (int i = 0; i < Operations; i++)
                {
                    await queue.GetAsync();
                    queue.TaskDone();
                }
            });
            for (int i = 0; i < Operations; i++)
            {
                await queue.PutAsync(i);
                await queue.JoinAsync();
            }

            await worker;
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(128)]
    public void A_memory_channel_allocates_nothing_whoever_waits(int capacity)
    {
        var (sender, receiver) = MemoryChannel.Create<string>(capacity);
        Pass(sender.SendAsync, receiver.ReceiveAsync);
    }

    [Fact]
    public void Await_foreach_allocates_nothing_for_an_item_that_is_there()
    {
        var queue = new AsyncQueue<string>();
        ShouldCostNothing(async () =>
        {
            for (int i = 0; i < Operations; i++)
            {
                queue.TryPut("item");
            }

            int left = Operations;
            await foreach (string _ in queue)
            {
                if (--left == 0)
                {
                    return;
                }
            }
        });
    }

    [Fact]
    public void Await_foreach_allocates_nothing_for_an_item_that_it_waits_for()
    {
        var (sender, receiver) = MemoryChannel.Create<string>(0);
        ShouldCostNothing(async () =>
        {
            LoopTask consumer = Loop.CreateTask(async () =>
            {
                int left = Operations;
                await foreach (string _ in receiver)
                {
                    if (--left == 0)
                    {
                        return;
                    }
                }
            });
            for (int i = 0; i < Operations; i++)
            {
                await sender.SendAsync("item");
            }

            await consumer;
        });
    }

    private void Pass<T>(Func<string, Coroutine> put, Func<Coroutine<T>> get) => ShouldCostNothing(async () =>
    {
        LoopTask consumer = Loop.CreateTask(async () =>
        {
            for (int i = 0; i < Operations; i++)
            {
                await get();
            }
        });
        for (int i = 0; i < Operations; i++)
        {
            await put("item");
        }

        await consumer;
    });

    private void Contend(int tasks, Func<Coroutine> operation) => ShouldCostNothing(async () =>
    {
        var workers = new LoopTask[tasks];
        for (int i = 0; i < tasks; i++)
        {
            workers[i] = Loop.CreateTask(Work());
        }

        foreach (LoopTask worker in workers)
        {
            await worker;
        }

        async Coroutine Work()
        {
            for (int i = 0; i < Operations / 10; i++)
            {
                await operation();
            }
        }
    });

    // The tasks of a round and their helpers are far below a byte for each operation.
    private void ShouldCostNothing(Func<Coroutine> operations)
    {
        double best = double.MaxValue;
        RunLoop(async () =>
        {
            long start = Stopwatch.GetTimestamp();
            do
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                await operations();
                best = Math.Min(best, (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Operations);
            }
            while (best >= 1 && Stopwatch.GetElapsedTime(start) < Patience);
        });

        best.Should().BeLessThan(1, "bytes per operation in the steady state");
    }
}
