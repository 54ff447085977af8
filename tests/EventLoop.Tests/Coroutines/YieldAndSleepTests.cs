namespace EventLoop.Tests.Coroutines;

[UnderSeeds(50)]
public sealed class YieldAndSleepTests : LoopTest
{
    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Yield_lets_every_ready_task_run_first()
    {
        RunLoop(async () =>
        {
            LoopTask a = Loop.CreateTask(Worker("a"));
            LoopTask b = Loop.CreateTask(Worker("b"));
            await a;
            await b;
        });

        Log.Should().Equal("a0", "b0", "a1", "b1", "a2", "b2");

        async Coroutine Worker(string name)
        {
            for (int i = 0; i < 3; i++)
            {
                Log.Add($"{name}{i}");
                await Loop.Yield();
            }
        }
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_yield_can_become_a_coroutine()
    {
        RunLoop(async () =>
        {
            Coroutine yield = Loop.Yield();
            Loop.Current.CallSoon(() => Log.Add("callback"));
            await yield;
            Log.Add("main");
        });

        Log.Should().Equal("callback", "main");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    public void A_sleep_that_is_not_positive_yields_once(int seconds) => RunLoop(async () =>
    {
        long turns = Loop.Current.Statistics.Turns;
        await Loop.Sleep(Seconds(seconds));

        (Loop.Current.Statistics.Turns - turns).Should().Be(1);
    }, ManualTime);

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_sleep_ends_at_its_deadline_and_not_before()
    {
        RunLoop(async () =>
        {
            LoopTask sleeper = Loop.CreateTask(Loop.Sleep(Seconds(2)));
            await Loop.Yield();
            Clock.Advance(Seconds(2) - TimeSpan.FromTicks(1));
            await Yields(200);
            sleeper.IsCompleted.Should().BeFalse();

            Clock.Advance(TimeSpan.FromTicks(1));
            await Yields(200);
            sleeper.IsCompletedSuccessfully.Should().BeTrue();
        }, ManualTime);
    }

    [Fact]
    public void The_deadline_of_a_sleep_is_computed_from_a_fresh_reading_of_the_clock()
    {
        RunLoop(async () =>
        {
            Clock.Advance(Seconds(100));
            LoopTask sleeper = Loop.CreateTask(Loop.Sleep(Seconds(1)), eager: true);
            await Yields(200);

            sleeper.IsCompleted.Should().BeFalse("the step took 100 s before the sleep of 1 s began");
        }, ManualTime);
    }

    [Fact]
    public void Sleepers_wake_in_the_order_of_their_deadlines()
    {
        RunLoop(async () =>
        {
            LoopTask[] tasks = [.. new[] { 3, 1, 2 }.Select(n => Loop.CreateTask(Sleeper(n)))];
            foreach (LoopTask task in tasks)
            {
                await task;
            }
        }, JumpingTime);

        Log.Should().Equal("1", "2", "3");

        async Coroutine Sleeper(int seconds)
        {
            await Loop.Sleep(Seconds(seconds));
            Log.Add($"{seconds}");
        }
    }

    [Fact]
    public void Sleep_takes_milliseconds() => RunLoop(async () =>
    {
        TimeSpan start = Loop.Current.Time;
        await Loop.Sleep(1500);

        (Loop.Current.Time - start).Should().Be(Seconds(1.5));
    }, JumpingTime);

    [Fact]
    public void An_infinite_sleep_waits_until_it_is_cancelled() => RunLoop(async () =>
    {
        LoopTask sleeper = Loop.CreateTask(Loop.Sleep(System.Threading.Timeout.InfiniteTimeSpan));
        await Loop.Yield();
        Clock.Advance(TimeSpan.FromDays(10_000));
        await Yields(200);
        sleeper.IsCompleted.Should().BeFalse();

        sleeper.Cancel();

        (await Catch(sleeper)).Should().BeOfType<LoopCanceledException>();
    }, ManualTime);

    [Fact]
    public void A_sleep_of_minus_one_millisecond_is_infinite() => RunLoop(async () =>
    {
        LoopTask sleeper = Loop.CreateTask(Loop.Sleep(-1));
        await Yields(5);

        sleeper.Status.Should().Be(LoopTaskStatus.Waiting);
    }, ManualTime);

    [Fact]
    public void A_sleep_of_MaxValue_saturates() => RunLoop(async () =>
    {
        LoopTask sleeper = Loop.CreateTask(Loop.Sleep(TimeSpan.MaxValue));
        await Yields(5);

        sleeper.Status.Should().Be(LoopTaskStatus.Waiting);
        sleeper.Cancel();
        (await Catch(sleeper)).Should().BeOfType<LoopCanceledException>();
    });

    [Fact]
    public void A_cancelled_sleep_throws_before_its_deadline() => RunLoop(async () =>
    {
        TimeSpan start = Loop.Current.Time;
        LoopTask sleeper = Loop.CreateTask(Loop.Sleep(Seconds(100)));
        await Loop.Yield();
        sleeper.Cancel("no time");

        LoopCanceledException thrown = (await Catch(sleeper)).Should().BeOfType<LoopCanceledException>().Which;

        thrown.Reason.Should().Be("no time");
        Loop.Current.Time.Should().Be(start);
    }, ManualTime);

    [Fact]
    public void An_await_in_an_endless_loop_of_completed_operations_gives_way_to_the_loop_in_time() => RunLoop(async () =>
    {
        bool ran = false;
        LoopTask done = Loop.CreateTask(Yields(0));
        await done;
        Loop.Current.CallSoon(() => ran = true);

        for (int i = 0; i < 1000 && !ran; i++)
        {
            await Loop.Wait([done]);
        }

        ran.Should().BeTrue("a step gives way after 128 awaits that completed at once");
    });

    [Fact]
    public void Awaiting_a_finished_task_takes_no_turn_however_often() => RunLoop(async () =>
    {
        LoopTask<int> done = Loop.CreateTask(After(0, 1));
        await done;
        long turns = Loop.Current.Statistics.Turns;
        for (int i = 0; i < 100; i++)
        {
            await done;
        }

        Loop.Current.Statistics.Turns.Should().Be(turns);
    });
}
