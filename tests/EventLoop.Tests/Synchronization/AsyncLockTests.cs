namespace EventLoop.Tests.Synchronization;

[UnderSeeds(50)]
public sealed class AsyncLockTests : LoopTest
{
    [Fact]
    public void A_free_lock_is_acquired_without_a_turn_of_the_loop() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        long turns = Loop.Current.Statistics.Turns;

        using (await mutex.AcquireAsync())
        {
            mutex.IsLocked.Should().BeTrue();
        }

        mutex.IsLocked.Should().BeFalse();
        Loop.Current.Statistics.Turns.Should().Be(turns);
    });

    [Fact]
    public void Nothing_is_acquired_before_the_await() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();

        Coroutine<Releaser> acquire = mutex.AcquireAsync();
        mutex.IsLocked.Should().BeFalse();

        await acquire;
        mutex.IsLocked.Should().BeTrue();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Waiters_are_served_first_come_first_served() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        await mutex.AcquireAsync();
        var tasks = Enumerable.Range(0, 5).Select(i => Loop.CreateTask(Hold(mutex, i))).ToList();
        await Loop.Yield();

        mutex.Release();
        await Loop.Gather(tasks);

        Log.Should().Equal("0", "1", "2", "3", "4");

        async Coroutine Hold(AsyncLock mutex, int i)
        {
            using (await mutex.AcquireAsync())
            {
                Log.Add($"{i}");
                await Loop.Yield();
            }
        }
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_newcomer_does_not_overtake_a_waiter_when_release_and_acquire_happen_in_one_step() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        await mutex.AcquireAsync();
        LoopTask waiter = Loop.CreateTask(async () =>
        {
            await mutex.AcquireAsync();
            Log.Add("waiter");
            mutex.Release();
        });
        await Loop.Yield();

        mutex.Release();
        mutex.TryAcquire().Should().BeFalse("it was handed over already");
        await mutex.AcquireAsync();
        Log.Add("newcomer");
        mutex.Release();
        await waiter;

        Log.Should().Equal("waiter", "newcomer");
    });

    [Fact]
    public void The_order_holds_when_a_step_has_used_up_its_budget() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        var greedy = Loop.CreateTask(async () =>
        {
            for (int i = 0; i < 1000; i++)
            {
                await mutex.AcquireAsync();
                Log.Add("greedy");
                mutex.Release();
            }
        });
        var modest = Loop.CreateTask(async () =>
        {
            await mutex.AcquireAsync();
            Log.Add("modest");
            mutex.Release();
        });

        await Loop.Gather(greedy, modest);

        Log.IndexOf("modest").Should().BeLessThan(200, "a step gives way after 128 completions");
    });

    [Fact]
    public void A_cancelled_waiter_leaves_the_line() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        await mutex.AcquireAsync();
        LoopTask<Releaser> first = Loop.CreateTask(mutex.AcquireAsync());
        LoopTask<Releaser> second = Loop.CreateTask(mutex.AcquireAsync());
        await Loop.Yield();

        first.Cancel();
        mutex.Release();
        await second;

        (await Catch(first)).Should().BeOfType<LoopCanceledException>();
        mutex.Statistics.Owner.Should().Be(second);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_waiter_that_was_given_the_lock_has_it_even_if_it_is_cancelled_before_it_runs() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        await mutex.AcquireAsync();
        LoopTask heir = Loop.CreateTask(async () =>
        {
            using (await mutex.AcquireAsync())
            {
                Log.Add("has it");
                await Loop.Yield();
                Log.Add("never");
            }
        });
        await Loop.Yield();

        mutex.Release();
        heir.Cancel();

        (await Catch(heir)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("has it");
        mutex.IsLocked.Should().BeFalse("the using block gave it back");
    });

    [Fact]
    public void A_releaser_is_good_once() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        Releaser releaser = await mutex.AcquireAsync();
        releaser.Dispose();
        await mutex.AcquireAsync();

        releaser.Dispose();

        mutex.IsLocked.Should().BeTrue("it belongs to the second acquisition");
    });

    [Fact]
    public void A_releaser_after_Release_does_nothing() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        using (await mutex.AcquireAsync())
        {
            mutex.Release();
            mutex.TryAcquire().Should().BeTrue();
        }

        mutex.IsLocked.Should().BeTrue();
        default(Releaser).Dispose();
    });

    [Fact]
    public void The_releaser_of_TryAcquire_gives_it_back() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        mutex.TryAcquire(out Releaser releaser).Should().BeTrue();
        mutex.TryAcquire(out Releaser other).Should().BeFalse();

        other.Dispose();
        mutex.IsLocked.Should().BeTrue();
        releaser.Dispose();
        mutex.IsLocked.Should().BeFalse();
        await Loop.Yield();
    });

    [Fact]
    public void Releasing_a_free_lock_throws()
    {
        FluentActions.Invoking(() => new AsyncLock().Release()).Should().Throw<InvalidOperationException>().WithMessage("*not locked*");
    }

    [Fact]
    public void A_cancellation_that_is_due_is_thrown_also_when_the_lock_is_free() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        LoopTask task = Loop.CreateTask(async () =>
        {
            Loop.CurrentTask!.Cancel();
            await mutex.AcquireAsync();
        });

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        mutex.IsLocked.Should().BeFalse();
    });

    [Fact]
    public void A_timeout_while_waiting_leaves_the_line() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        await mutex.AcquireAsync();

        (await Catch(Loop.WaitFor(mutex.AcquireAsync(), Seconds(1)))).Should().BeOfType<TimeoutException>();

        mutex.Statistics.Waiting.Should().Be(0);
        mutex.Release();
        mutex.IsLocked.Should().BeFalse();
    }, JumpingTime);

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Statistics_and_the_task_show_who_holds_it_and_who_waits() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        using (await mutex.AcquireAsync())
        {
            LoopTask waiter = Loop.CreateTask(mutex.AcquireAsync(), "second");
            await Loop.Yield();

            SynchronizationStatistics statistics = mutex.Statistics;
            statistics.Waiting.Should().Be(1);
            statistics.WaitingTasks.Should().Equal(waiter);
            statistics.Owner.Should().Be(Loop.CurrentTask);
            waiter.WaitingOn.Should().Be($"lock (held by task '{Loop.CurrentTask!.Name}')");
            waiter.Cancel();
        }
    });

    [Fact]
    public void From_another_thread_it_throws_and_names_the_right_way() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        Releaser releaser = await mutex.AcquireAsync();

        OnThread(() =>
        {
            FluentActions.Invoking(mutex.Release).Should().Throw<InvalidOperationException>().WithMessage("*Post*");
            FluentActions.Invoking(() => mutex.TryAcquire()).Should().Throw<InvalidOperationException>().WithMessage("*Post*");
            FluentActions.Invoking(() => releaser.Dispose()).Should().Throw<InvalidOperationException>().WithMessage("*Post*");
            FluentActions.Invoking(() => Loop.Run(async () => { await mutex.AcquireAsync(); }, Options))
                .Should().Throw<InvalidOperationException>().WithMessage("*another loop*");
        });

        mutex.IsLocked.Should().BeTrue();
    });

    [Fact]
    public void It_serves_one_loop_after_another()
    {
        var mutex = new AsyncLock();
        for (int i = 0; i < 2; i++)
        {
            RunLoop(async () =>
            {
                using (await mutex.AcquireAsync())
                {
                    LoopTask waiter = Loop.CreateTask(mutex.AcquireAsync());
                    await Loop.Yield();
                    waiter.Cancel();
                }
            });
        }

        OnThread(() => mutex.TryAcquire()).Should().BeTrue("its last loop is closed");
    }

    [Fact]
    public void Ordinary_async_methods_use_it_like_coroutines() => RunLoopWithTask(async () =>
    {
        var mutex = new AsyncLock();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(Hold));
        Log.Should().Equal("0", "1", "2");

        async Task Hold(int i)
        {
            using (await mutex.AcquireAsync())
            {
                await Task.Yield();
                Log.Add($"{i}");
            }
        }
    });
}
