namespace EventLoop.Tests.Synchronization;

/// <summary>
/// A scenario is run once to count the turns it takes, and then once for each task and each turn with that task cancelled right there, wherever it waits.
/// Nothing may hang, no waiter may be left behind, and the primitive has to work as before.
/// </summary>
[UnderSeeds(50)]
public sealed class CancelAtEveryWaitTests : LoopTest
{
    private const int Tasks = 4;
    private const int Rounds = 3;

    [Fact]
    public void Lock()
    {
        AsyncLock mutex = null!;
        Everywhere(
            () => mutex = new AsyncLock(),
            async _ =>
            {
                using (await mutex.AcquireAsync())
                {
                    await Loop.Yield();
                }
            },
            async () =>
            {
                mutex.IsLocked.Should().BeFalse();
                mutex.Statistics.Waiting.Should().Be(0);
                (await mutex.AcquireAsync()).Dispose();
            });
    }

    [Fact]
    public void Semaphore()
    {
        AsyncBoundedSemaphore semaphore = null!;
        Everywhere(
            () => semaphore = new AsyncBoundedSemaphore(2),
            async _ =>
            {
                using (await semaphore.AcquireAsync())
                {
                    await Loop.Yield();
                }
            },
            async () =>
            {
                semaphore.CurrentCount.Should().Be(2);
                semaphore.Statistics.Waiting.Should().Be(0);
                await Loop.Yield();
            });
    }

    [Fact]
    public void Limiter()
    {
        CapacityLimiter limiter = null!;
        Everywhere(
            () => limiter = new CapacityLimiter(2),
            async _ =>
            {
                using (await limiter.AcquireAsync())
                {
                    await Loop.Yield();
                }
            },
            async () =>
            {
                limiter.BorrowedTokens.Should().Be(0);
                limiter.Statistics.Waiting.Should().Be(0);
                (await limiter.AcquireAsync()).Dispose();
            });
    }

    [Fact]
    public void Event()
    {
        AsyncEvent ready = null!;
        Everywhere(
            () => ready = new AsyncEvent(),
            async i =>
            {
                if (i == 0)
                {
                    try
                    {
                        await Loop.Yield();
                    }
                    finally
                    {
                        ready.Set();
                    }
                }
                else
                {
                    await ready.WaitAsync();
                }
            },
            async () =>
            {
                ready.Statistics.Waiting.Should().Be(0);
                await ready.WaitAsync();
            },
            atTheEnd: () => ready.Set());
    }

    [Fact]
    public void Condition()
    {
        AsyncCondition condition = null!;
        int turn = 0;
        Everywhere(
            () =>
            {
                condition = new AsyncCondition();
                turn = 0;
            },
            async _ =>
            {
                using (await condition.AcquireAsync())
                {
                    int mine = turn++;
                    try
                    {
                        if (mine % 2 == 0)
                        {
                            await condition.WaitForAsync(() => turn > mine + 1);
                        }
                        else
                        {
                            await Loop.Yield();
                        }
                    }
                    finally
                    {
                        condition.IsLocked.Should().BeTrue();
                        condition.Statistics.Owner.Should().Be(Loop.CurrentTask);
                        condition.NotifyAll();
                    }
                }
            },
            async () =>
            {
                condition.IsLocked.Should().BeFalse();
                condition.Statistics.Waiting.Should().Be(0);
                condition.Lock.Statistics.Waiting.Should().Be(0);
                (await condition.AcquireAsync()).Dispose();
            },
            atTheEnd: () =>
            {
                turn += 1000;
                Loop.CreateTask(async () =>
                {
                    using (await condition.AcquireAsync())
                    {
                        condition.NotifyAll();
                    }
                });
            });
    }

    [Fact]
    public void Barrier()
    {
        AsyncBarrier barrier = null!;
        Everywhere(
            () => barrier = new AsyncBarrier(2),
            async _ => await Swallow<BrokenBarrierException>(barrier.WaitAsync()),
            async () =>
            {
                barrier.WaitingCount.Should().Be(0);
                barrier.Reset();
                LoopTask<int> other = Loop.CreateTask(barrier.WaitAsync());
                await barrier.WaitAsync();
                await other;
            },
            atTheEnd: () => barrier.Abort());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Queue(int capacity)
    {
        AsyncQueue<int> queue = null!;
        int put = 0;
        int got = 0;
        Everywhere(
            () =>
            {
                queue = new AsyncQueue<int>(capacity);
                put = got = 0;
            },
            async i =>
            {
                if (i % 2 == 1)
                {
                    await Swallow<QueueShutDownException>(Put());
                }
                else
                {
                    await Swallow<QueueShutDownException>(Get());
                }
            },
            async () =>
            {
                QueueStatistics statistics = queue.Statistics;
                statistics.Getters.Should().BeEmpty();
                statistics.Putters.Should().BeEmpty();
                (put - got).Should().Be(queue.Count, "no item is lost and none is given twice");
                await Loop.Yield();
            },
            atTheEnd: () => queue.Shutdown());

        async Coroutine Put()
        {
            await queue.PutAsync(1);
            put++;
        }

        async Coroutine Get()
        {
            await queue.GetAsync();
            got++;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Channel(int capacity)
    {
        ChannelSender<int> sender = null!;
        ChannelReceiver<int> receiver = null!;
        int sent = 0;
        int received = 0;
        Everywhere(
            () =>
            {
                (sender, receiver) = MemoryChannel.Create<int>(capacity);
                sent = received = 0;
            },
            async i =>
            {
                if (i % 2 == 1)
                {
                    await Swallow<ObjectDisposedException>(Send());
                }
                else
                {
                    await Swallow<EndOfChannelException>(Receive());
                }
            },
            async () =>
            {
                ChannelStatistics statistics = receiver.Statistics;
                statistics.WaitingReceivers.Should().BeEmpty();
                statistics.WaitingSenders.Should().BeEmpty();
                (sent - received).Should().Be(statistics.Count, "no item is lost and none is given twice");
                await Loop.Yield();
            },
            atTheEnd: () => sender.Dispose());

        async Coroutine Send()
        {
            await sender.SendAsync(1);
            sent++;
        }

        async Coroutine Receive()
        {
            await receiver.ReceiveAsync();
            received++;
        }
    }

    private static async Coroutine Swallow<TException>(Coroutine work) where TException : Exception
    {
        try
        {
            await work;
        }
        catch (TException)
        {
            // The primitive was closed because the scenario is over.
        }
    }

    // A victim of -1 is the run that counts.
    private void Everywhere(Action create, Func<int, Coroutine> operation, Func<Coroutine> check, Action? atTheEnd = null)
    {
        int turns = 0;
        int cancelled = 0;
        Run(-1, 0);
        turns.Should().BeGreaterThan(1);
        for (int victim = 0; victim < Tasks; victim++)
        {
            for (int turn = 0; turn <= turns; turn++)
            {
                Run(victim, turn);
            }
        }

        cancelled.Should().BeGreaterThan(0);

        void Run(int victim, int atTurn) => RunLoop(async () =>
        {
            create();
            var tasks = Enumerable.Range(0, Tasks).Select(i => Loop.CreateTask(Work(i), $"{i}")).ToList();
            for (int turn = 0; tasks.Any(static task => !task.IsCompleted); turn++)
            {
                if (turn == atTurn && victim >= 0 && tasks[victim].Cancel())
                {
                    cancelled++;
                }

                if (turn == 60)
                {
                    atTheEnd?.Invoke();      // partners of the victim wait in vain
                }

                turn.Should().BeLessThan(200,
                    "nothing may hang: " + string.Join("; ", tasks.Select(static task => $"{task.Name} {task.Status} {task.WaitingOn}")));
                if (victim < 0)
                {
                    turns = turn + 1;
                }

                await Loop.Yield();
            }

            foreach (LoopTask task in tasks)
            {
                task.IsFaulted.Should().BeFalse(task.IsFaulted ? $"{task.Exception}" : "");
            }

            await check();
        });

        async Coroutine Work(int i)
        {
            for (int round = 0; round < Rounds; round++)
            {
                await operation(i);
            }
        }
    }
}
