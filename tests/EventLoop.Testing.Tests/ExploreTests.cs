namespace EventLoop.Testing.Tests;

public class ExploreTests
{
    private static async Coroutine LostUpdate()
    {
        int balance = 0;
        async Coroutine Deposit(int amount)
        {
            int read = balance;
            await Loop.Yield();
            balance = read + amount;
            await Loop.Yield();
        }

        async Coroutine Twice(int amount)
        {
            await Deposit(amount);
            await Loop.Sleep(1);
            await Deposit(amount);
        }

        await Loop.Gather(Twice(1), Loop.Sleep(1), Twice(10));
        if (balance != 22 && balance != 2 && balance != 20)
        {
            throw new InvalidOperationException($"balance {balance}");
        }
    }

    private static async Coroutine Chatter()
    {
        async Coroutine Talk(int count)
        {
            for (int i = 0; i < count; i++)
            {
                await Loop.Yield();
            }
        }

        await Loop.Gather(Enumerable.Range(0, 6).Select(_ => Talk(4)));
    }

    [Fact]
    public void Each_run_starts_at_the_time_of_the_clock_in_the_options()
    {
        var start = new DateTimeOffset(2026, 12, 31, 23, 59, 59, TimeSpan.Zero);
        var clock = new VirtualClock(start);
        List<DateTimeOffset> seen = [];
        async Coroutine Scenario()
        {
            seen.Add(TestLoop.Clock.GetUtcNow());
            await Loop.Sleep(1000);
            await Loop.Sleep(1000);
        }

        TestLoop.Explore(3, Scenario, options: new TestLoopOptions { Clock = clock });
        TestLoop.Explore(3, Scenario, options: new TestLoopOptions { Loop = new LoopOptions { TimeProvider = clock } });
        TestLoop.CancelAtEveryWait(Scenario, options: new TestLoopOptions { Clock = clock });
        seen.Should().HaveCount(9).And.AllBeEquivalentTo(start);
        clock.Elapsed.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public void The_same_seed_gives_the_same_trace()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var options = new TestLoopOptions { Seed = seed };
            TestLoop.Trace(Chatter, options).Should().Equal(TestLoop.Trace(Chatter, options));
        }
    }

    [Fact]
    public void Different_seeds_give_different_traces()
    {
        var traces = Enumerable.Range(0, 50).Select(seed => string.Join("\n", TestLoop.Trace(Chatter, new TestLoopOptions { Seed = seed }))).ToList();
        traces.Distinct().Should().HaveCountGreaterThan(45);
    }

    [Fact]
    public void Without_a_seed_tasks_run_first_in_first_out() =>
        TestLoop.Trace(Chatter).Should().Equal(TestLoop.Trace(Chatter, new TestLoopOptions { Loop = new LoopOptions { Seed = null } }));

    [Fact]
    public void The_first_seed_that_fails_is_reported_with_its_steps_and_fails_again()
    {
        var explore = () => TestLoop.Explore(200, LostUpdate);
        var found = explore.Should().Throw<ExplorationException>().Which;
        found.InnerException.Should().BeOfType<InvalidOperationException>();
        found.Message.Should().Contain($"seed {found.Seed}").And.Contain("steps that led there").And.Contain($"Seed = {found.Seed}").And.Contain(found.InnerException!.Message);
        found.Trace.Should().NotBeEmpty();

        var again = () => TestLoop.Run(LostUpdate, new TestLoopOptions { Seed = found.Seed });
        again.Should().Throw<InvalidOperationException>().WithMessage(found.InnerException.Message);
        var same = () => TestLoop.Explore(1, LostUpdate, firstSeed: found.Seed!.Value);
        same.Should().Throw<ExplorationException>().Which.Trace.Should().Equal(found.Trace);
    }

    [Fact]
    public void A_scenario_that_holds_passes_under_every_seed() => TestLoop.Explore(100, Chatter);

    [Fact]
    public void Every_wait_is_cancelled_once()
    {
        int runs = 0;
        var indices = new List<int>();
        TestLoop.CancelAtEveryWait(
            async () =>
            {
                runs++;
                await Loop.Sleep(1);
                await Loop.Yield();
                await Loop.Sleep(1);
            },
            indices.Add);
        indices.Should().Equal(0, 1, 2);
        runs.Should().Be(4);
    }

    [Fact]
    public void A_cancellation_that_leaks_is_found_with_its_place()
    {
        int open = 0;
        var explore = () => TestLoop.CancelAtEveryWait(
            async () =>
            {
                open = 0;
                await Loop.Sleep(1);
                open++;
                await Loop.Sleep(2);     // no finally
                open--;
                await Loop.Sleep(3);
            },
            _ => open.Should().Be(0, "what was opened is closed"));
        var found = explore.Should().Throw<ExplorationException>().Which;
        found.Wait.Should().Be(1);
        found.Message.Should().Contain("cancelled at wait 1 of 3").And.Contain("what was opened is closed").And.Contain("sleep");
    }

    [Fact]
    public void A_task_that_survives_the_cancellation_is_found()
    {
        var explore = () => TestLoop.CancelAtEveryWait(async () =>
        {
            var helper = Loop.CreateTask(Loop.Sleep(10), "helper");
            await Loop.Sleep(5);
            await helper;
        });
        explore.Should().Throw<ExplorationException>().WithMessage("*at wait 0*helper*");
    }

    [Fact]
    public void A_group_survives_a_cancellation_at_every_wait() => TestLoop.CancelAtEveryWait(async () =>
    {
        await TaskGroup.Run(async group =>
        {
            for (int i = 0; i < 3; i++)
            {
                int number = i;
                _ = group.CreateTask(async () =>
                {
                    await Loop.Sleep(number);
                    await Loop.Yield();
                });
            }

            await Loop.Sleep(1);
        });
    });

    [Fact]
    public void Every_wait_fails_once()
    {
        var indices = new List<int>();
        TestLoop.FailAtEveryWait(
            async () =>
            {
                await Loop.Sleep(1);
                await Loop.CreateTask(async () =>
                {
                    await Loop.Sleep(1);
                    await Loop.Yield();
                });
            },
            () => new IOException("put in"),
            indices.Add);
        indices.Should().Equal(0, 1, 2);
    }

    [Fact]
    public void A_fault_that_is_swallowed_into_a_wrong_result_is_found()
    {
        var explore = () => TestLoop.FailAtEveryWait(
            async () =>
            {
                int done = 0;
                try
                {
                    await Loop.Sleep(1);
                    done++;
                }
                catch (IOException)
                {
                }

                if (done != 1)
                {
                    throw new InvalidOperationException("not done");
                }
            },
            () => new IOException("put in"));
        explore.Should().Throw<ExplorationException>().WithMessage("*failed at wait 0 of 1*not done*");
    }

    [Fact]
    public void A_fault_that_makes_a_lock_stay_locked_is_found_as_a_deadlock()
    {
        var explore = () => TestLoop.FailAtEveryWait(
            async () =>
            {
                var mutex = new AsyncLock();
                try
                {
                    await mutex.AcquireAsync();
                    await Loop.Sleep(1);
                    mutex.Release();
                }
                catch (IOException)
                {
                }

                await mutex.AcquireAsync();
                mutex.Release();
            },
            () => new IOException("put in"));
        explore.Should().Throw<ExplorationException>().WithInnerException<LoopDeadlockException>().WithMessage("*lock (held by task 'test')*task 'test' -> "
            + "lock (held by task 'test') -> task 'test'*");
    }
}
