namespace EventLoop.Tests.Running;

public sealed class RunningLoopTests : LoopTest
{
    [Fact]
    public void Current_throws_where_no_loop_runs() =>
        Assert.Throws<InvalidOperationException>(() => Loop.Current).Message.Should().ContainEquivalentOf("no running event loop");

    [Fact]
    public void TryGetCurrent_is_false_where_no_loop_runs() => Loop.TryGetCurrent(out _).Should().BeFalse();

    [Fact]
    public void A_loop_that_does_not_run_is_not_the_current_one()
    {
        using Loop loop = NewLoop();

        Loop.TryGetCurrent(out _).Should().BeFalse();
    }

    [Fact]
    public void TryGetCurrent_gives_the_running_loop() => RunLoop(async () =>
    {
        Loop.TryGetCurrent(out Loop? loop).Should().BeTrue();
        loop.Should().BeSameAs(Loop.Current);
    });

    [Fact]
    public void Current_is_not_inherited_by_the_thread_pool() => RunLoop(async () =>
    {
        bool elsewhere = await Task.Run(() => Loop.TryGetCurrent(out _));

        elsewhere.Should().BeFalse();
    });

    [Fact]
    public void CurrentTask_throws_where_no_loop_runs() =>
        Assert.Throws<InvalidOperationException>(() => Loop.CurrentTask).Message.Should().ContainEquivalentOf("no running event loop");

    [Fact]
    public void AllTasks_throws_where_no_loop_runs() => Assert.Throws<InvalidOperationException>(() => Loop.AllTasks());

    [Fact]
    public void CancellationToken_throws_where_no_loop_runs() => Assert.Throws<InvalidOperationException>(() => Loop.CancellationToken);

    [Fact]
    public void CreateTask_throws_where_no_loop_runs_and_says_what_to_do_instead() =>
        Assert.Throws<InvalidOperationException>(() => { _ = Loop.CreateTask(Yields(1)); })
            .Message.Should().ContainEquivalentOf("no running event loop").And.ContainAny("Run", "Spawn", "Submit");

    [Fact]
    public void StartSoon_throws_where_no_loop_runs() => Assert.Throws<InvalidOperationException>(() => Loop.StartSoon(Yields(1)));

    [Fact]
    public void Shield_throws_where_no_loop_runs() => Assert.Throws<InvalidOperationException>(() => { _ = Loop.Shield(After(1, 1)); });

    [Fact]
    public void AsCompleted_throws_where_no_loop_runs() =>
        Assert.Throws<InvalidOperationException>(() => { _ = Loop.AsCompleted([After(1, 1)]); });

    [Fact]
    public void A_sleep_made_outside_a_loop_runs_when_a_loop_awaits_it()
    {
        Coroutine sleep = Loop.Sleep(0);

        RunLoop(async () =>
        {
            await sleep;
            Log.Add("slept");
        });

        Log.Should().Equal("slept");
    }

    [Fact]
    public void CurrentTask_is_the_task_whose_step_runs() => RunLoop(async () =>
    {
        LoopTask<LoopTask?> task = Loop.CreateTask(async () =>
        {
            await Loop.Yield();
            return Loop.CurrentTask;
        });

        (await task).Should().BeSameAs(task);
        Loop.CurrentTask.Should().NotBeNull().And.NotBeSameAs(task);
    });

    [Fact]
    public void CurrentTask_is_null_in_a_plain_callback() => RunLoop(async () =>
    {
        LoopFuture<LoopTask?> seen = Loop.Current.CreateFuture<LoopTask?>();
        Loop.Current.CallSoon(() => seen.SetResult(Loop.CurrentTask));

        (await seen).Should().BeNull();
    });

    [Fact]
    public void CurrentTask_stays_the_same_after_a_foreign_await() => RunLoop(async () =>
    {
        LoopTask? before = Loop.CurrentTask;
        await Task.Run(() => { });

        Loop.CurrentTask.Should().BeSameAs(before);
    });

    [Fact]
    public void AllTasks_lists_the_unfinished_tasks_in_creation_order() => RunLoop(async () =>
    {
        LoopTask first = Loop.CreateTask(Forever(), "first");
        LoopTask second = Loop.CreateTask(Forever(), "second");
        LoopTask third = Loop.CreateTask(Yields(0), "third");
        await third;

        Loop.AllTasks().Should().Equal(Loop.CurrentTask!, first, second);
        Loop.Current.Tasks.Should().Equal(Loop.CurrentTask!, first, second);
    });

    [Fact]
    public void The_tasks_of_a_loop_can_be_listed_by_another_thread() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        LoopTask sleeper = Loop.CreateTask(Forever(), "sleeper");
        await Loop.Yield();

        OnThread(() => loop.Tasks.Select(static task => task.Name).ToArray()).Should().Contain("sleeper");
        sleeper.IsCompleted.Should().BeFalse();
    });

    [Fact]
    public void IsInLoopThread_tells_the_thread_of_the_loop_from_others() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;

        loop.IsInLoopThread.Should().BeTrue();
        OnThread(() => loop.IsInLoopThread).Should().BeFalse();
    });

    [Fact]
    public void IsRunning_is_true_while_the_loop_runs_and_false_otherwise()
    {
        using Loop loop = NewLoop();

        loop.IsRunning.Should().BeFalse();
        loop.RunUntilComplete(async () => loop.IsRunning).Should().BeTrue();
        loop.IsRunning.Should().BeFalse();
    }

    [Fact]
    public void Time_follows_the_time_provider() => RunLoop(async () =>
    {
        TimeSpan before = Loop.Current.Time;
        Clock.Advance(Seconds(5));

        (Loop.Current.Time - before).Should().Be(Seconds(5), "Time gives a fresh reading, not the turn's");
    }, ManualTime);

    [Fact]
    public void Time_never_goes_back() => RunLoop(async () =>
    {
        TimeSpan last = Loop.Current.Time;
        for (int i = 0; i < 1000; i++)
        {
            TimeSpan now = Loop.Current.Time;
            now.Should().BeGreaterThanOrEqualTo(last);
            last = now;
        }
    });

    [Fact]
    public void Debug_is_what_the_options_say()
    {
        RunLoop(async () => Loop.Current.Debug, Options with { Debug = true }).Should().BeTrue();
        RunLoop(async () => Loop.Current.Debug, Options with { Debug = false }).Should().BeFalse();
    }
}
