namespace EventLoop.Tests.Callbacks;

[UnderSeeds(50)]
public sealed class StatisticsTests : LoopTest
{
    private static LoopStatistics Now => Loop.Current.Statistics;

    [Fact]
    public void TaskCount_counts_the_unfinished_tasks() => RunLoop(async () =>
    {
        Now.TaskCount.Should().Be(1);
        LoopTask child = Loop.CreateTask(Yields(1));
        Now.TaskCount.Should().Be(2);

        await child;

        Now.TaskCount.Should().Be(1);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void WaitingCount_counts_the_parked_tasks() => RunLoop(async () =>
    {
        int before = Now.WaitingCount;
        LoopTask[] sleepers = [Loop.CreateTask(Forever()), Loop.CreateTask(Forever())];
        Now.WaitingCount.Should().Be(before, "they have not run yet");

        await Loop.Yield();
        Now.WaitingCount.Should().Be(before + 2);

        sleepers[0].Cancel();
        await Yields(2);
        Now.WaitingCount.Should().Be(before + 1);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void ReadyCount_includes_what_is_left_of_the_running_batch() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        List<int> seen = [];
        for (int i = 0; i < 4; i++)
        {
            loop.CallSoon(() => seen.Add(loop.Statistics.ReadyCount));
        }

        await Loop.Yield();

        seen.Should().Equal([4, 3, 2, 1], "the callbacks after it, and main");
    });

    [Fact]
    public void TimerCount_counts_only_live_timers() => RunLoop(async () =>
    {
        int before = Now.TimerCount;
        TimerHandle first = Loop.Current.CallLater(Seconds(1), () => { });
        Loop.Current.CallLater(Seconds(2), () => { });
        Now.TimerCount.Should().Be(before + 2);

        first.Cancel();
        Now.TimerCount.Should().Be(before + 1);

        await Loop.Sleep(Seconds(3));
        Now.TimerCount.Should().Be(before);
    }, JumpingTime);

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_sleep_that_was_cancelled_leaves_no_timer() => RunLoop(async () =>
    {
        int before = Now.TimerCount;
        LoopTask sleeper = Loop.CreateTask(Loop.Sleep(Seconds(100)));
        await Loop.Yield();
        Now.TimerCount.Should().Be(before + 1);

        sleeper.Cancel();
        await Yields(2);

        Now.TimerCount.Should().Be(before);
    });

    [Fact]
    public void Every_yield_is_a_turn_and_a_step() => RunLoop(async () =>
    {
        LoopStatistics before = Now;
        await Yields(10);
        LoopStatistics after = Now;

        (after.Turns - before.Turns).Should().Be(10);
        (after.Steps - before.Steps).Should().Be(10);
    });

    [Fact]
    public void Steps_include_eager_first_steps() => RunLoop(async () =>
    {
        long before = Now.Steps;
        LoopTask eager = Loop.CreateTask(After(0, 1), eager: true);

        eager.IsCompleted.Should().BeTrue();
        Now.Steps.Should().Be(before + 1);
    });

    [Fact]
    public void Polls_grow_when_the_loop_waits() => RunLoop(async () =>
    {
        long before = Now.Polls;
        OnceParked(() => Clock.Advance(TimeSpan.FromMilliseconds(1)));
        await Loop.Sleep(1);

        Now.Polls.Should().BeGreaterThan(before);
    }, ManualTime);

    [Fact]
    public void A_busy_loop_polls_at_least_once_in_64_steps() => RunLoop(async () =>
    {
        long before = Now.Polls;
        await Yields(640);

        (Now.Polls - before).Should().BeInRange(9, 641);
    });

    [Fact]
    public void IdleTime_grows_while_the_loop_waits() => RunLoop(async () =>
    {
        TimeSpan before = Now.IdleTime;
        OnceParked(() => Clock.Advance(TimeSpan.FromMilliseconds(1)));
        await Loop.Sleep(1);

        Now.IdleTime.Should().Be(before + TimeSpan.FromMilliseconds(1));
    }, ManualTime);

    [Fact]
    public void Time_that_jumps_is_idle_time() => RunLoop(async () =>
    {
        (TimeSpan idle, TimeSpan busy) = (Now.IdleTime, Now.BusyTime);
        await Loop.Sleep(Seconds(3));

        Now.IdleTime.Should().Be(idle + Seconds(3));
        Now.BusyTime.Should().Be(busy);
    }, JumpingTime);

    [Fact]
    public void BusyTime_grows_while_steps_run() => RunLoop(async () =>
    {
        TimeSpan before = Now.BusyTime;
        Clock.Advance(TimeSpan.FromMilliseconds(2));
        await Loop.Yield();

        Now.BusyTime.Should().Be(before + TimeSpan.FromMilliseconds(2));
    }, ManualTime);

    [Fact]
    public void Statistics_can_be_read_by_another_thread() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;

        OnThread(() => loop.Statistics.TaskCount).Should().Be(1);
    });

    [Fact]
    public void WaitingCount_is_right_at_every_moment_of_a_random_program() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        var random = new Random(UnderSeedsAttribute.Seed ?? 99);
        var gates = new List<LoopFuture>();
        var tasks = new List<LoopTask>();
        int looks = 0;
        int rounds = UnderSeedsAttribute.Seed is null ? 60 : 10;
        for (int round = 0; round < rounds; round++)
        {
            for (int i = random.Next(4); i >= 0; i--)
            {
                tasks.Add(Loop.CreateTask(Work(random.Next(8), 3), eager: random.Next(3) == 0));
            }

            loop.CallSoon(Compare);
            if (gates.Count > 0 && random.Next(2) == 0)
            {
                gates[random.Next(gates.Count)].TrySetResult();
            }

            if (random.Next(4) == 0)
            {
                tasks[random.Next(tasks.Count)].Cancel();
            }

            Compare();
            await Yields(random.Next(4));
        }

        tasks.ForEach(static task => task.Cancel());
        await Loop.Wait(tasks);
        Compare();
        looks.Should().BeGreaterThan(rounds);

        void Compare()
        {
            looks++;
            var core = loop.Core;
            int waiting = loop.Tasks.Count(task => !core.IsInStep(task) && !core.Ready.Any(item => ReferenceEquals(item.Context?.Task, task)));
            Now.WaitingCount.Should().Be(waiting);
            loop.Tasks.Count(static task => task.Status == LoopTaskStatus.Waiting).Should().Be(waiting);
            if (looks % 20 > 0)
            {
                return;
            }

            OnThread(() => loop.Statistics).Should().BeEquivalentTo(Now, static options =>
                options.Including(static now => now.WaitingCount).Including(static now => now.TaskCount)
                .Including(static now => now.ReadyCount).Including(static now => now.TimerCount).Including(static now => now.Steps));
        }

        async Coroutine Work(int kind, int depth)
        {
            Compare();
            switch (kind)
            {
                case 0:
                    await Yields(random.Next(5));
                    break;
                case 1:
                    var gate = loop.CreateFuture();
                    gates.Add(gate);
                    await gate;
                    break;
                case 2:
                    await Task.WhenAll(Flow(1), Flow(2), Flow(3));
                    break;
                case 3:
                    await Loop.Sleep(TimeSpan.FromTicks(random.Next(1000)));
                    break;
                case 4 when depth > 0:
                    await Loop.CreateTask(Work(random.Next(8), depth - 1), eager: true);
                    break;
                case 5 when depth > 0:
                    await TaskGroup.Run(async group =>
                    {
                        group.StartSoon(Work(random.Next(8), depth - 1));
                        group.StartSoon(Work(random.Next(8), depth - 1));
                        await Loop.Yield();
                    });
                    break;
                case 6:
                    Outlive();
                    break;
                default:
                    await CancelScope.Run(static async _ => await Yields(1));
                    break;
            }

            Compare();
        }

        async Task Flow(int yields)
        {
            await Yields(yields);
            Compare();
            await Loop.Sleep(TimeSpan.FromTicks(yields));
        }

        // Code of a task that has ended.
        async void Outlive()
        {
            await Task.Yield();
            Compare();
            await Loop.Yield();
        }
    });

    [RealTime("it is looked at while its thread is parked")]
    [Fact]
    public void A_loop_that_is_parked_counts_as_idle_for_those_who_look_from_outside() => RunLoop(async () =>
    {
        var loop = Loop.Current;
        bool seen = await Loop.ToThread(() => SpinWait.SpinUntil(
            () =>
            {
                // Two looks at a loop that is parked all the time; a busy machine may part the two readings of one.
                var first = loop.Statistics;
                var second = first;
                return SpinWait.SpinUntil(() => (second = loop.Statistics).IdleTime - first.IdleTime >= TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(2))
                    && second.BusyTime - first.BusyTime < TimeSpan.FromMilliseconds(5);
            },
            TimeSpan.FromSeconds(20)));
        seen.Should().BeTrue("idle time grows, and busy time does not");
    });

    [OneSchedule("it is about the number of tasks")]
    [Fact]
    public void Each_of_64000_tasks_may_ask_in_each_of_its_steps() => RunLoop(async () =>
    {
        const int Number = 64_000;
        long wrong = 0;
        LoopTask[] tasks = [.. Enumerable.Range(0, Number).Select(_ => Loop.CreateTask(Ask()))];
        await Loop.Gather(tasks);

        wrong.Should().Be(0);

        async Coroutine Ask()
        {
            for (int i = 0; i < 3; i++)
            {
                LoopStatistics now = Now;
                wrong += now.TaskCount - now.WaitingCount - 1 > now.ReadyCount ? 1 : 0;
                await Loop.Yield();
            }
        }
    });
}
