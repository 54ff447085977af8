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
}
