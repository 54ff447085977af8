namespace EventLoop.Tests.Foreign;

public sealed class OnLoopTests : LoopTest
{
    [Fact]
    public void OnLoop_gives_the_value() => RunLoop(async () =>
    {
        (await Task.Run(static () => 1).OnLoop()).Should().Be(1);
        (await new ValueTask<int>(Task.Run(static () => 2)).OnLoop()).Should().Be(2);
        await Task.Run(static () => { }).OnLoop();
        await new ValueTask(Task.Run(static () => { })).OnLoop();
    });

    [Fact]
    public void OnLoop_passes_the_failure_on() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        (await Catch(Task.Run(() => throw failure).OnLoop())).Should().BeSameAs(failure);
        (await Catch(Task.FromException<int>(failure).OnLoop())).Should().BeSameAs(failure);
    });

    [Fact]
    public void A_canceled_foreign_task_throws_OperationCanceledException_and_leaves_the_waiter_uncancelled() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        source.SetCanceled();

        (await Catch(source.Task.OnLoop())).Should().BeAssignableTo<OperationCanceledException>();

        Loop.CurrentTask!.CancelRequests.Should().Be(0);
    });

    [Fact]
    public void A_cancelled_waiter_goes_on_at_once_and_the_foreign_task_is_left_alone() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        LoopTask waiter = Loop.CreateTask(async () => await source.Task.OnLoop());
        await Loop.Yield();
        waiter.Cancel("why");

        (await Catch(waiter)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
        source.Task.IsCompleted.Should().BeFalse();
        source.SetResult(1);
        await Yields(3);
    });

    [Fact]
    public void The_late_failure_of_a_foreign_task_that_nobody_waits_for_any_more_does_no_harm() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        LoopTask waiter = Loop.CreateTask(async () => await source.Task.OnLoop());
        await Loop.Yield();
        waiter.Cancel();
        await Catch(waiter);
        source.SetException(new InvalidDataException());
        await Yields(5);

        waiter.IsCanceled.Should().BeTrue();
        source.Task.Exception.Should().NotBeNull();
    });

    [Fact]
    public void OnLoop_takes_part_in_the_combinators() => RunLoop(async () =>
    {
        var never = new TaskCompletionSource<int>();

        (await Loop.Gather(Task.Run(static () => 1).OnLoop(), After(2, 2))).Should().Equal(1, 2);
        (await Catch(Loop.WaitFor(never.Task.OnLoop(), TimeSpan.FromMilliseconds(2)))).Should().BeOfType<TimeoutException>();
    });

    [Fact]
    public void A_result_that_has_arrived_is_not_lost_to_a_cancellation() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        int got = 0;
        LoopTask waiter = Loop.CreateTask(async () => got = await source.Task.OnLoop());
        await Loop.Yield();
        source.SetResult(5);
        await Yields(5);
        waiter.Cancel().Should().BeFalse();

        await waiter;
        got.Should().Be(5);
    });

    [Fact]
    public void A_cancel_scope_reaches_a_wait_made_interruptible_by_OnLoop() => RunLoop(async () =>
    {
        var never = new TaskCompletionSource();

        bool ended = await CancelScope.Run(async scope =>
        {
            Loop.Current.CallSoon(() => scope.Cancel());
            await never.Task.OnLoop();
        });

        ended.Should().BeFalse();
    });
}
