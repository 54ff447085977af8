namespace EventLoop.Tests.Running;

/// <summary>RunUntilComplete, RunForever and Stop on a loop that the test drives itself.</summary>
public sealed class DrivenLoopTests : LoopTest
{
    [Fact]
    public void RunUntilComplete_returns_the_value() => With(loop => loop.RunUntilComplete(After(2, 5)).Should().Be(5));

    [Fact]
    public void RunUntilComplete_rethrows_the_failure() => With(loop =>
    {
        var failure = new InvalidDataException();

        Assert.Throws<InvalidDataException>(() => loop.RunUntilComplete(ThrowAfter(1, failure))).Should().BeSameAs(failure);
    });

    [Fact]
    public void RunUntilComplete_drives_the_same_loop_several_times() => With(loop =>
    {
        loop.RunUntilComplete(async () => Loop.Current).Should().BeSameAs(loop);
        loop.RunUntilComplete(async () => Loop.Current).Should().BeSameAs(loop);
    });

    [Fact]
    public void A_task_left_over_by_one_RunUntilComplete_goes_on_in_the_next() => With(loop =>
    {
        LoopTask<int> task = loop.RunUntilComplete(async () => Loop.CreateTask(After(10, 3)));
        task.IsCompleted.Should().BeFalse();

        loop.RunUntilComplete(task).Should().Be(3);
    });

    [Fact]
    public void RunUntilComplete_of_a_future_waits_for_its_result() => With(loop =>
    {
        LoopFuture<int> future = loop.CreateFuture<int>();
        loop.CallSoon(() => future.SetResult(9));

        loop.RunUntilComplete(future).Should().Be(9);
    });

    [Fact]
    public void RunUntilComplete_of_a_finished_future_returns_at_once() => With(loop =>
    {
        LoopFuture<int> future = loop.CreateFuture<int>();
        future.SetResult(9);

        loop.RunUntilComplete(future).Should().Be(9);
    });

    [Fact]
    public void RunUntilComplete_of_a_cancelled_task_throws_its_cancellation() => With(loop =>
    {
        LoopTask task = loop.Spawn(Forever());
        task.Cancel("no longer needed");

        Assert.ThrowsAny<LoopCanceledException>(() => loop.RunUntilComplete(task)).Reason.Should().Be("no longer needed");
    });

    [Fact]
    public void RunUntilComplete_of_an_async_Task_method_returns_its_value() => With(loop =>
    {
        loop.RunUntilComplete(Main).Should().Be(11);

        static async Task<int> Main()
        {
            await Task.Yield();
            return 11;
        }
    });

    [Fact]
    public void RunUntilComplete_of_a_future_of_another_loop_throws() => With(loop =>
    {
        using Loop other = NewLoop();

        Assert.Throws<InvalidOperationException>(() => loop.RunUntilComplete(other.CreateFuture<int>()));
    });

    [Fact]
    public void RunUntilComplete_throws_when_the_loop_is_stopped_before_it_is_done() => With(loop =>
    {
        loop.CallSoon(loop.Stop);

        Assert.Throws<InvalidOperationException>(() => loop.RunUntilComplete(Forever()));
    });

    [Fact]
    public void RunUntilComplete_inside_the_running_loop_throws() => With(loop => loop.RunUntilComplete(async () =>
    {
        Assert.Throws<InvalidOperationException>(() => loop.RunUntilComplete(After(0, 1)))
            .Message.Should().ContainAny("await", "CreateTask", "Submit");
    }));

    [Fact]
    public void Another_loop_cannot_be_run_inside_a_running_one() => With(loop => loop.RunUntilComplete(async () =>
    {
        using Loop other = NewLoop();

        Assert.Throws<InvalidOperationException>(() => other.RunUntilComplete(After(0, 1)));
    }));

    [Fact]
    public void RunForever_runs_until_stopped() => With(loop =>
    {
        loop.CallSoon(() => Log.Add("one"));
        loop.CallSoon(() => loop.CallSoon(() =>
        {
            Log.Add("two");
            loop.Stop();
        }));

        loop.RunForever();

        Log.Should().Equal("one", "two");
    });

    [Fact]
    public void Stop_lets_the_current_batch_end_and_leaves_the_next_one_for_later() => With(loop =>
    {
        loop.CallSoon(() =>
        {
            loop.Stop();
            loop.CallSoon(() => Log.Add("next batch"));
        });
        loop.CallSoon(() => Log.Add("same batch"));

        loop.RunForever();
        Log.Should().Equal("same batch");

        loop.CallSoon(loop.Stop);
        loop.RunForever();
        Log.Should().Equal("same batch", "next batch");
    });

    [Fact]
    public void Stop_before_RunForever_lets_one_batch_run() => With(loop =>
    {
        loop.CallSoon(() =>
        {
            Log.Add("batch");
            loop.CallSoon(() => Log.Add("too late"));
        });
        loop.Stop();

        loop.RunForever();

        Log.Should().Equal("batch");
    });

    [Fact]
    public void Stop_from_another_thread_wakes_a_parked_loop() => With(loop =>
    {
        var stopper = new Thread(loop.Stop);
        loop.CallSoon(stopper.Start);

        loop.RunForever();
        stopper.Join();

        loop.IsRunning.Should().BeFalse();
    });

    [Fact]
    public void A_stopped_loop_can_run_again() => With(loop =>
    {
        loop.CallSoon(loop.Stop);
        loop.RunForever();

        loop.RunUntilComplete(After(2, "again")).Should().Be("again");
    });

    [Fact]
    public void Spawn_makes_a_task_for_a_loop_that_does_not_run_yet() => With(loop =>
    {
        LoopTask<int> task = loop.Spawn(After(1, 4), "early");
        task.Status.Should().Be(LoopTaskStatus.Ready);
        task.Name.Should().Be("early");

        loop.RunUntilComplete(task).Should().Be(4);
    });

    [Fact]
    public void Spawn_starts_nothing_before_the_loop_runs() => With(loop =>
    {
        LoopTask task = loop.Spawn(async () => Log.Add("started"));
        Log.Should().BeEmpty();

        loop.RunUntilComplete(task);
        Log.Should().Equal("started");
    });

    [Fact]
    public void Spawn_works_from_inside_the_running_loop() => With(loop =>
        loop.RunUntilComplete(async () => await loop.Spawn(After(1, 8))).Should().Be(8));

    [Fact]
    public void Spawn_of_an_async_Task_method_makes_a_task() => With(loop =>
    {
        LoopTask<int> task = loop.Spawn(Body);

        loop.RunUntilComplete(task).Should().Be(2);

        static async Task<int> Body()
        {
            await Loop.Yield();
            return 2;
        }
    });

    [Fact]
    public void A_loop_that_does_not_run_belongs_to_the_thread_that_made_it() => With(loop =>
    {
        OnThread(() => Record.Exception(() => { loop.CallSoon(() => { }); })).Should().BeOfType<InvalidOperationException>()
            .Which.Message.Should().Contain("Post");
    });

    [Fact]
    public void A_loop_belongs_to_the_thread_that_ran_it_last()
    {
        Loop loop = NewLoop();
        using var ran = new ManualResetEventSlim();
        using var tried = new ManualResetEventSlim();
        Exception? ofTheRunner = null;
        var runner = new Thread(() =>
        {
            loop.RunUntilComplete(After(1, 0));
            ofTheRunner = Record.Exception(() => { loop.CallSoon(() => { }); });
            ran.Set();
            tried.Wait(TimeSpan.FromSeconds(10));
            loop.Dispose();
        });
        runner.Start();
        ran.Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();

        Exception? ofTheMaker = Record.Exception(() => { loop.CallSoon(() => { }); });
        tried.Set();
        runner.Join();

        ofTheRunner.Should().BeNull();
        ofTheMaker.Should().BeOfType<InvalidOperationException>();
    }

    [Fact]
    public void Statics_of_the_loop_do_not_act_on_a_loop_that_does_not_run() => With(loop =>
    {
        Assert.Throws<InvalidOperationException>(() => { _ = Loop.CreateTask(Yields(1)); });
        loop.Tasks.Should().BeEmpty();
    });

    private void With(Action<Loop> test)
    {
        using Loop loop = NewLoop();
        test(loop);
    }
}
