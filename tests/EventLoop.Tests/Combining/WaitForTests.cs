namespace EventLoop.Tests.Combining;

[UnderSeeds(50)]
public sealed class WaitForTests : LoopTest
{
    [Fact]
    public void WaitFor_gives_the_result_in_time() => RunLoop(async () => (await Loop.WaitFor(After(3, 5), Seconds(1))).Should().Be(5), ManualTime);

    [Fact]
    public void WaitFor_passes_a_failure_on() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        (await Catch(Loop.WaitFor(ThrowAfter<int>(2, failure), Seconds(1)))).Should().BeSameAs(failure);
    }, ManualTime);

    [Fact]
    public void WaitFor_cancels_the_work_at_the_deadline_waits_for_its_cleanup_and_throws_TimeoutException()
    {
        RunLoop(async () =>
        {
            Log.Add((await Catch(Loop.WaitFor(Work(), Seconds(1))))!.GetType().Name);
        }, JumpingTime);

        Log.Should().Equal("cleaned up", "TimeoutException");

        async Coroutine Work()
        {
            try
            {
                await Loop.Sleep(Seconds(10));
            }
            finally
            {
                await Yields(5);
                Log.Add("cleaned up");
            }
        }
    }

    [Fact]
    public void The_inner_exception_of_the_TimeoutException_is_the_cancellation_it_absorbed() => RunLoop(async () =>
        (await Catch(Loop.WaitFor(Forever(), Seconds(1)))).Should().BeOfType<TimeoutException>()
            .Which.InnerException.Should().BeAssignableTo<OperationCanceledException>(), JumpingTime);

    [Fact]
    public void WaitFor_of_a_coroutine_runs_it_in_the_awaiting_task() => RunLoop(async () =>
    {
        LoopTask? inside = await Loop.WaitFor(Inside(), Seconds(1));

        inside.Should().BeSameAs(Loop.CurrentTask);

        static async Coroutine<LoopTask?> Inside()
        {
            await Loop.Yield();
            return Loop.CurrentTask;
        }
    }, ManualTime);

    [Fact]
    public void WaitFor_a_task_cancels_it_at_the_deadline() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Forever());

        (await Catch(Loop.WaitFor(task, Seconds(1)))).Should().BeOfType<TimeoutException>();

        task.IsCanceled.Should().BeTrue();
        Loop.CurrentTask!.CancelRequests.Should().Be(0);
    }, JumpingTime);

    [Fact]
    public void WaitFor_a_future_cancels_it_at_the_deadline() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();

        (await Catch(Loop.WaitFor(future, Seconds(1)))).Should().BeOfType<TimeoutException>();

        future.IsCanceled.Should().BeTrue();
    }, JumpingTime);

    [Fact]
    public void WaitFor_runs_an_async_Task_method() => RunLoop(async () =>
    {
        (await Loop.WaitFor(Work, Seconds(1))).Should().Be(5);

        static async Task<int> Work()
        {
            await Loop.Yield();
            return 5;
        }
    }, ManualTime);

    [Fact]
    public void WaitFor_runs_an_async_lambda() => RunLoop(async () =>
    {
        int value = await Loop.WaitFor(async () =>
        {
            await Loop.Yield();
            return 5;
        }, Seconds(1));

        value.Should().Be(5);
    }, ManualTime);

    [Fact]
    public void No_timeout_waits_for_ever() => RunLoop(async () =>
    {
        LoopTask<int> waiting = Loop.CreateTask(async () => await Loop.WaitFor(After(300, 1), null));
        LoopTask<int> infinite = Loop.CreateTask(async () => await Loop.WaitFor(After(300, 2), System.Threading.Timeout.InfiniteTimeSpan));
        await Yields(2);
        Clock.Advance(TimeSpan.FromDays(1000));

        (await waiting).Should().Be(1);
        (await infinite).Should().Be(2);
    }, ManualTime);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void WaitFor_of_a_coroutine_with_no_time_left_does_not_start_it(int seconds)
    {
        RunLoop(async () => (await Catch(Loop.WaitFor(Work(), Seconds(seconds)))).Should().BeOfType<TimeoutException>());

        Log.Should().BeEmpty();

        async Coroutine<int> Work()
        {
            Log.Add("started");
            return 5;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void WaitFor_a_finished_task_with_no_time_left_gives_its_result(int seconds) => RunLoop(async () =>
    {
        LoopTask<int> done = Loop.CreateTask(After(0, 5));
        await done;

        (await Loop.WaitFor(done, Seconds(seconds))).Should().Be(5);
    });

    [Fact]
    public void WaitFor_an_unfinished_task_with_no_time_left_cancels_it_and_throws_TimeoutException() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Forever());

        (await Catch(Loop.WaitFor(task, TimeSpan.Zero))).Should().BeOfType<TimeoutException>();

        task.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void WaitFor_never_loses_a_result_that_comes_with_the_deadline() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        Loop.Current.CallLater(Seconds(1), () => future.SetResult(5));

        (await Loop.WaitFor(future, Seconds(1))).Should().Be(5);
    }, JumpingTime);

    [Fact]
    public void WaitFor_gives_the_result_of_work_that_swallowed_its_cancellation() => RunLoop(async () =>
    {
        (await Loop.WaitFor(Deaf(), Seconds(1))).Should().Be(5);
        Loop.CurrentTask!.CancelRequests.Should().Be(0);

        static async Coroutine<int> Deaf()
        {
            await Catch(Forever());
            return 5;
        }
    }, JumpingTime);

    [Fact]
    public void WaitFor_passes_on_the_failure_of_a_cleanup() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        (await Catch(Loop.WaitFor(Failing(), Seconds(1)))).Should().BeSameAs(failure);

        async Coroutine Failing()
        {
            await Catch(Forever());
            throw failure;
        }
    }, JumpingTime);

    [Fact]
    public void WaitFor_never_swallows_a_cancellation_from_outside() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () => await Loop.WaitFor(Forever(), Seconds(100)));
        await Loop.Yield();
        task.Cancel("outside");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("outside");
        task.IsCanceled.Should().BeTrue();
    }, ManualTime);

    [Fact]
    public void A_cancellation_from_outside_that_meets_the_deadline_is_not_swallowed() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            try
            {
                await Loop.WaitFor(Forever(), Seconds(1));
            }
            catch (TimeoutException)
            {
                await Loop.Yield();
                Log.Add("must not get here");
            }
        });
        await Loop.Yield();
        Loop.Current.CallLater(Seconds(1), () => task.Cancel("outside"));
        await Catch(task);

        task.IsCanceled.Should().BeTrue();
        Log.Should().BeEmpty();
    }, JumpingTime);

    [Fact]
    public void A_TimeoutException_of_the_work_itself_is_passed_on_as_it_is() => RunLoop(async () =>
    {
        var own = new TimeoutException("of the work");

        (await Catch(Loop.WaitFor(ThrowAfter<int>(1, own), Seconds(1)))).Should().BeSameAs(own);
    }, ManualTime);

    [Fact]
    public void WaitFor_in_time_leaves_no_timer_behind() => RunLoop(async () =>
    {
        int timers = Loop.Current.Statistics.TimerCount;
        await Loop.WaitFor(After(1, 1), Seconds(100));

        Loop.Current.Statistics.TimerCount.Should().Be(timers);
    }, ManualTime);
}
