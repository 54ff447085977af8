namespace EventLoop.Tests.Combining;

[UnderSeeds(50)]
public sealed class WaitTests : LoopTest
{
    [Fact]
    public void Wait_returns_when_all_are_done() => RunLoop(async () =>
    {
        LoopTask<int>[] tasks = [Loop.CreateTask(After(5, 1)), Loop.CreateTask(After(1, 2))];

        WaitResult<LoopTask<int>> result = await Loop.Wait(tasks);

        result.Done.Should().Equal(tasks);
        result.Pending.Should().BeEmpty();
    });

    [Fact]
    public void Done_and_Pending_keep_the_order_of_the_input() => RunLoop(async () =>
    {
        LoopTask<int>[] tasks = [.. new[] { 50, 3, 50, 3 }.Select((yields, n) => Loop.CreateTask(After(yields, n)))];

        WaitResult<LoopTask<int>> result = await Loop.Wait(tasks, returnWhen: ReturnWhen.FirstCompleted);

        result.Done.Should().Equal(tasks[1], tasks[3]);
        result.Pending.Should().Equal(tasks[0], tasks[2]);
    });

    [Fact]
    public void FirstCompleted_returns_at_the_first_completion_be_it_a_failure() => RunLoop(async () =>
    {
        LoopTask failing = Loop.CreateTask(ThrowAfter(1, new InvalidDataException()));
        LoopTask slow = Loop.CreateTask(Yields(20));

        WaitResult<LoopTask> result = await Loop.Wait([slow, failing], returnWhen: ReturnWhen.FirstCompleted);

        result.Done.Should().Equal(failing);
        result.Pending.Should().Equal(slow);
        await Catch(failing);
    });

    [Fact]
    public void FirstException_returns_at_the_first_failure() => RunLoop(async () =>
    {
        LoopTask quick = Loop.CreateTask(Yields(1));
        LoopTask failing = Loop.CreateTask(ThrowAfter(3, new InvalidDataException()));
        LoopTask slow = Loop.CreateTask(Yields(50));

        WaitResult<LoopTask> result = await Loop.Wait([quick, failing, slow], returnWhen: ReturnWhen.FirstException);

        result.Done.Should().Equal(quick, failing);
        result.Pending.Should().Equal(slow);
        await Catch(failing);
    });

    [Fact]
    public void FirstException_waits_for_all_when_none_fails() => RunLoop(async () =>
    {
        LoopTask[] tasks = [Loop.CreateTask(Yields(1)), Loop.CreateTask(Yields(5))];

        (await Loop.Wait(tasks, returnWhen: ReturnWhen.FirstException)).Done.Should().Equal(tasks);
    });

    [Fact]
    public void FirstException_takes_a_cancellation_for_no_failure() => RunLoop(async () =>
    {
        LoopTask cancelled = Loop.CreateTask(Forever());
        LoopTask other = Loop.CreateTask(Yields(5));
        cancelled.Cancel();

        (await Loop.Wait([cancelled, other], returnWhen: ReturnWhen.FirstException)).Pending.Should().BeEmpty();
    });

    [Fact]
    public void Wait_never_throws_the_failures_it_waited_for() => RunLoop(async () =>
    {
        LoopTask failing = Loop.CreateTask(ThrowAfter(1, new InvalidDataException()));

        (await Loop.Wait([failing])).Done.Should().ContainSingle().Which.IsFaulted.Should().BeTrue();
        await Catch(failing);
    });

    [Fact]
    public void A_timeout_returns_what_is_pending_and_neither_throws_nor_cancels()
    {
        RunLoop(async () =>
        {
            LoopTask quick = Loop.CreateTask(Loop.Sleep(Seconds(1)));
            LoopTask slow = Loop.CreateTask(Loop.Sleep(Seconds(10)));

            WaitResult<LoopTask> result = await Loop.Wait([slow, quick], Seconds(2));

            result.Done.Should().Equal(quick);
            result.Pending.Should().Equal(slow);
            slow.CancelRequests.Should().Be(0);
            await slow;
        }, JumpingTime);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_timeout_that_is_not_positive_still_takes_what_is_done_already(int seconds) => RunLoop(async () =>
    {
        LoopTask done = Loop.CreateTask(Yields(0));
        await done;
        LoopTask pending = Loop.CreateTask(Forever());

        WaitResult<LoopTask> result = await Loop.Wait([pending, done], Seconds(seconds));

        result.Done.Should().Equal(done);
        result.Pending.Should().Equal(pending);
    });

    [Fact]
    public void An_infinite_timeout_is_none() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Yields(10));

        (await Loop.Wait([task], System.Threading.Timeout.InfiniteTimeSpan)).Done.Should().Equal(task);
    });

    [Fact]
    public void Wait_of_nothing_throws_ArgumentException() => RunLoop(async () =>
    {
        (await Catch(Waited())).Should().BeOfType<ArgumentException>();

        static async Coroutine Waited() => await Loop.Wait(Array.Empty<LoopTask>());
    });

    [Fact]
    public void Cancelling_a_Wait_does_not_cancel_what_it_waits_for() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Forever());
        LoopTask waiter = Loop.CreateTask(async () => await Loop.Wait([task]));
        await Yields(2);
        waiter.Cancel();

        (await Catch(waiter)).Should().BeOfType<LoopCanceledException>();
        await Yields(2);
        task.IsCompleted.Should().BeFalse();
        task.CancelRequests.Should().Be(0);
    });

    [Fact]
    public void A_Wait_that_is_over_leaves_nothing_behind_at_what_is_pending() => RunLoop(async () =>
    {
        LoopFuture future = Loop.Current.CreateFuture();
        LoopTask quick = Loop.CreateTask(Yields(1));
        await Loop.Wait(new LoopAwaitable[] { future, quick }, returnWhen: ReturnWhen.FirstCompleted);

        future.Awaiters.Should().BeEmpty();
    });

    [Fact]
    public void Wait_takes_futures_and_tasks_together() => RunLoop(async () =>
    {
        LoopFuture future = Loop.Current.CreateFuture();
        LoopTask<int> task = Loop.CreateTask(After(1, 1));
        Loop.Current.CallSoon(future.SetResult);

        WaitResult<LoopAwaitable> result = await Loop.Wait(new LoopAwaitable[] { future, task });

        result.Done.Should().Equal(future, task);
    });

    [Fact]
    public void Wait_for_an_awaitable_of_another_loop_throws()
    {
        using Loop other = NewLoop();
        LoopFuture foreign = other.CreateFuture();
        using Loop loop = NewLoop();

        loop.RunUntilComplete(async () => await Catch(Waited())).Should().BeOfType<InvalidOperationException>();

        async Coroutine Waited() => await Loop.Wait([foreign]);
    }

    [Fact]
    public void A_canceled_dotnet_task_is_no_failure() => RunLoop(async () =>
    {
        var canceled = Task.FromCanceled(new CancellationToken(true));
        var later = new TaskCompletionSource();
        Loop.Current.CallLater(Seconds(1), later.SetResult);
        var result = await Loop.Wait([canceled, later.Task], returnWhen: ReturnWhen.FirstException);
        result.Pending.Should().BeEmpty();

        var outcome = (await Loop.GatherOutcomes(canceled))[0];
        outcome.IsCanceled.Should().BeTrue();
        outcome.Exception.Should().BeOfType<LoopCanceledException>().Which.InnerException.Should().BeOfType<TaskCanceledException>();
    });
}
