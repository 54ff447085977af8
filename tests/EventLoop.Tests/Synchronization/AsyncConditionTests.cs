namespace EventLoop.Tests.Synchronization;

[UnderSeeds(50)]
public sealed class AsyncConditionTests : LoopTest
{
    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_waiter_gives_the_lock_up_and_holds_it_again_when_it_was_notified() => RunLoop(async () =>
    {
        var condition = new AsyncCondition();
        LoopTask waiter = Loop.CreateTask(async () =>
        {
            using (await condition.AcquireAsync())
            {
                await condition.WaitAsync();
                condition.IsLocked.Should().BeTrue();
                condition.Statistics.Owner.Should().Be(Loop.CurrentTask);
            }
        });
        await Loop.Yield();
        waiter.WaitingOn.Should().Be("condition");
        condition.Statistics.WaitingTasks.Should().Equal(waiter);

        using (await condition.AcquireAsync())
        {
            condition.Notify();
            waiter.WaitingOn.Should().Be("condition (for its lock)");
            condition.Lock.Statistics.WaitingTasks.Should().Equal(waiter);
        }

        await waiter;
        condition.IsLocked.Should().BeFalse("the releaser from before the wait is good after it");
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Notify_lets_the_first_waiters_go_and_NotifyAll_everybody() => RunLoop(async () =>
    {
        var condition = new AsyncCondition();
        var waiters = Enumerable.Range(0, 5).Select(i => Loop.CreateTask(Wait(i))).ToList();
        await Loop.Yield();

        await Notify(2);
        await Yields(3);
        Log.Should().Equal("0", "1");
        await Notify(null);
        await Loop.Gather(waiters);
        Log.Should().Equal("0", "1", "2", "3", "4");

        async Coroutine Wait(int i)
        {
            using (await condition.AcquireAsync())
            {
                await condition.WaitAsync();
                Log.Add($"{i}");
            }
        }

        async Coroutine Notify(int? count)
        {
            using (await condition.AcquireAsync())
            {
                if (count is { } some)
                {
                    condition.Notify(some);
                }
                else
                {
                    condition.NotifyAll();
                }
            }
        }
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_waiter_cancelled_before_it_was_notified_holds_the_lock_when_it_throws() => RunLoop(async () =>
    {
        var condition = new AsyncCondition();
        LoopTask waiter = Loop.CreateTask(Wait(condition));
        await Loop.Yield();
        await condition.AcquireAsync();

        waiter.Cancel("enough");
        await Yields(3);
        Log.Should().BeEmpty("the lock is held by somebody else");
        condition.Release();

        (await Catch(waiter)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("enough");
        Log.Should().Equal("threw with the lock");
        condition.IsLocked.Should().BeFalse();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_waiter_cancelled_while_the_lock_is_free_takes_it_and_throws() => RunLoop(async () =>
    {
        var condition = new AsyncCondition();
        LoopTask waiter = Loop.CreateTask(Wait(condition));
        await Loop.Yield();

        waiter.Cancel();
        condition.IsLocked.Should().BeTrue();

        (await Catch(waiter)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("threw with the lock");
        condition.IsLocked.Should().BeFalse();
    });

    [Fact]
    public void Two_cancellations_that_meet_in_one_wait_are_thrown_once() => RunLoop(async () =>
    {
        var condition = new AsyncCondition();
        await condition.AcquireAsync();
        LoopTask waiter = Loop.CreateTask(async () =>
        {
            await condition.AcquireAsync();
            (await Catch(condition.WaitAsync())).Should().BeOfType<LoopCanceledException>();
            await Loop.Yield();
            Log.Add("went on");
            condition.Release();
        });
        await Loop.Yield();
        condition.Release();
        await Loop.Yield();
        await condition.AcquireAsync();
        waiter.Cancel();
        waiter.Cancel();
        condition.Release();

        await waiter;
        Log.Should().Equal("went on");
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_notified_waiter_returns_normally_even_if_it_is_cancelled_before_it_has_the_lock() => RunLoop(async () =>
    {
        var condition = new AsyncCondition();
        LoopTask waiter = Loop.CreateTask(async () =>
        {
            using (await condition.AcquireAsync())
            {
                await condition.WaitAsync();
                Log.Add("notified");
                await Loop.Yield();
                Log.Add("never");
            }
        });
        await Loop.Yield();

        using (await condition.AcquireAsync())
        {
            condition.Notify();
            waiter.Cancel();
            await Yields(2);
            Log.Should().BeEmpty();
        }

        (await Catch(waiter)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("notified");
        condition.IsLocked.Should().BeFalse();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_notification_is_not_spent_on_a_waiter_that_was_cancelled_before() => RunLoop(async () =>
    {
        var condition = new AsyncCondition();
        LoopTask first = Loop.CreateTask(Wait(condition));
        LoopTask second = Loop.CreateTask(Wait(condition));
        await Loop.Yield();

        using (await condition.AcquireAsync())
        {
            first.Cancel();
            condition.Notify();
        }

        await second;
        (await Catch(first)).Should().BeOfType<LoopCanceledException>();
    });

    [Fact]
    public void A_timeout_throws_with_the_lock_held() => RunLoop(async () =>
    {
        var condition = new AsyncCondition();
        using (await condition.AcquireAsync())
        {
            (await Catch(Loop.WaitFor(condition.WaitAsync(), Seconds(1)))).Should().BeOfType<TimeoutException>();
            condition.IsLocked.Should().BeTrue();
        }

        condition.IsLocked.Should().BeFalse();
    }, JumpingTime);

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void WaitFor_asks_the_predicate_at_once_and_after_each_notification() => RunLoop(async () =>
    {
        var condition = new AsyncCondition();
        int asked = 0;
        int value = 0;
        LoopTask waiter = Loop.CreateTask(async () =>
        {
            using (await condition.AcquireAsync())
            {
                await condition.WaitForAsync(() =>
                {
                    asked++;
                    condition.IsLocked.Should().BeTrue();
                    return value == 3;
                });
                Log.Add("there");
            }
        });
        await Loop.Yield();

        while (value < 3)
        {
            using (await condition.AcquireAsync())
            {
                value++;
                condition.NotifyAll();
            }

            await Yields(2);
        }

        await waiter;
        asked.Should().Be(4);
    });

    [Fact]
    public void WaitFor_throws_what_the_predicate_throws_with_the_lock_held() => RunLoop(async () =>
    {
        var condition = new AsyncCondition();
        using (await condition.AcquireAsync())
        {
            (await Catch(condition.WaitForAsync(() => throw new FormatException()))).Should().BeOfType<FormatException>();
            condition.IsLocked.Should().BeTrue();
        }
    });

    [Fact]
    public void Without_the_lock_everything_throws() => RunLoop(async () =>
    {
        var condition = new AsyncCondition();
        (await Catch(condition.WaitAsync())).Should().BeOfType<InvalidOperationException>();
        (await Catch(condition.WaitForAsync(() => true))).Should().BeOfType<InvalidOperationException>();
        FluentActions.Invoking(() => condition.Notify()).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(condition.NotifyAll).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(condition.Release).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => condition.Notify(0)).Should().Throw<ArgumentOutOfRangeException>();
    });

    [Fact]
    public void Conditions_share_a_lock() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        var notEmpty = new AsyncCondition(mutex);
        var notFull = new AsyncCondition(mutex);
        var items = new Queue<int>();
        LoopTask consumer = Loop.CreateTask(async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                using (await notEmpty.AcquireAsync())
                {
                    await notEmpty.WaitForAsync(() => items.Count > 0);
                    items.Dequeue().Should().Be(i);
                    notFull.Notify();
                }
            }
        });

        for (int i = 0; i < 100; i++)
        {
            using (await notFull.AcquireAsync())
            {
                await notFull.WaitForAsync(() => items.Count < 3);
                items.Enqueue(i);
                notEmpty.Notify();
            }
        }

        await consumer;
        mutex.IsLocked.Should().BeFalse();
    });

    private async Coroutine Wait(AsyncCondition condition)
    {
        using (await condition.AcquireAsync())
        {
            try
            {
                await condition.WaitAsync();
            }
            catch (LoopCanceledException)
            {
                condition.Statistics.Owner.Should().Be(Loop.CurrentTask);
                Log.Add("threw with the lock");
                throw;
            }
        }
    }
}
