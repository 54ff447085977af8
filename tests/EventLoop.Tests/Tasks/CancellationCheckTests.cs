namespace EventLoop.Tests.Tasks;

/// <summary>"Cancellation is checked when a wait begins."</summary>
[UnderSeeds(50)]
public sealed class CancellationCheckTests : LoopTest
{
    public static TheoryData<string> WaitingOperations => [.. Operations.Keys];

    private static Dictionary<string, Func<Coroutine>> Operations => new()
    {
        ["Yield"] = static () => Loop.Yield(),
        ["Sleep(0)"] = static () => Loop.Sleep(0),
        ["Sleep"] = static () => Loop.Sleep(1),
        ["infinite Sleep"] = static () => Loop.Sleep(-1),
        ["Wait of finished ones"] = static () => Loop.Wait([Done()]),
        ["Gather of finished ones"] = static () => Loop.Gather(Done()),
        ["ToThread"] = static () => Loop.ToThread(static () => 1),
        ["WaitFor of an unfinished future"] = static () => Loop.WaitFor(Loop.Current.CreateFuture<int>(), TimeSpan.FromSeconds(10)),
        ["OnLoop"] = static () => new TaskCompletionSource().Task.OnLoop(),
        ["an unfinished future"] = static () => Loop.Current.CreateFuture().AsCoroutine(),
    };

    private static LoopFuture<int> Done()
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        future.SetResult(1);
        return future;
    }

    [Theory]
    [MemberData(nameof(WaitingOperations))]
    public void An_undelivered_request_is_thrown_at_once_by(string operation) => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            Coroutine wait = Operations[operation]();
            Loop.CurrentTask!.Cancel("undelivered");
            long turns = Loop.Current.Statistics.Turns;

            (await Catch(wait)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("undelivered");

            Loop.Current.Statistics.Turns.Should().Be(turns, "it throws without parking");
        });
        await task;
    });

    [Fact]
    public void Awaiting_a_finished_task_is_no_wait_and_does_not_check() => RunLoop(async () =>
    {
        LoopTask<int> done = Loop.CreateTask(After(0, 5));
        await done;
        LoopTask<int> task = Loop.CreateTask(async () =>
        {
            Loop.CurrentTask!.Cancel();
            return await done;
        });

        (await task).Should().Be(5);
    });

    [Fact]
    public void Awaiting_a_finished_future_is_no_wait_and_does_not_check() => RunLoop(async () =>
    {
        LoopFuture<int> done = Loop.Current.CreateFuture<int>();
        done.SetResult(5);
        LoopTask<int> task = Loop.CreateTask(async () =>
        {
            Loop.CurrentTask!.Cancel();
            return await done;
        });

        (await task).Should().Be(5);
    });

    [Fact]
    public void A_task_that_was_about_to_be_awaited_is_cancelled_all_the_same() => RunLoop(async () =>
    {
        LoopTask child = Loop.CreateTask(Forever());
        LoopTask parent = Loop.CreateTask(async () =>
        {
            Loop.CurrentTask!.Cancel();
            await child;
        });

        (await Catch(parent)).Should().BeOfType<LoopCanceledException>();
        await Catch(child);
        child.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void A_request_during_a_foreign_await_of_work_that_has_the_token_fires_that_at_once_and_is_thrown_at_the_next_wait() => RunLoop(async () =>
    {
        var foreign = new TaskCompletionSource();
        CancellationToken token = default;
        LoopTask task = Loop.CreateTask(async () =>
        {
            token = Loop.CancellationToken;
            await foreign.Task;
            Log.Add("the foreign await ended");
            await Loop.Yield();
            Log.Add("must not get here");
        });
        await Yields(2);

        task.Cancel();
        token.IsCancellationRequested.Should().BeTrue();
        await Yields(3);
        task.IsCompleted.Should().BeFalse("work that has the token may end by itself");
        foreign.SetResult();
        await Catch(task);

        Log.Should().Equal("the foreign await ended");
        task.IsCanceled.Should().BeTrue();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Cancel_aborts_every_outstanding_wait_of_an_async_Task_method() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Body);
        await Loop.Yield();
        task.Status.Should().Be(LoopTaskStatus.Waiting);
        task.Cancel();

        (await Catch(task)).Should().BeAssignableTo<OperationCanceledException>();
        Log.Should().BeEquivalentTo("a", "b", "c");

        Task Body() => Task.WhenAll(Part("a"), Part("b"), Part("c"));

        async Task Part(string name)
        {
            try
            {
                await Forever();
            }
            finally
            {
                Log.Add(name);
            }
        }
    });

    [Fact]
    public void A_task_with_several_waits_goes_on_when_one_of_them_is_over() => RunLoop(async () =>
    {
        LoopFuture first = Loop.Current.CreateFuture();
        LoopFuture second = Loop.Current.CreateFuture();
        LoopTask task = Loop.CreateTask(Body);
        await Loop.Yield();

        second.SetResult();
        await Yields(2);
        Log.Should().Equal("second");
        task.Status.Should().Be(LoopTaskStatus.Waiting, "the other wait is still parked");

        first.SetResult();
        await task;
        Log.Should().Equal("second", "first");

        Task Body() => Task.WhenAll(Part(first, "first"), Part(second, "second"));

        async Task Part(LoopFuture future, string name)
        {
            await future;
            Log.Add(name);
        }
    });

    [Fact]
    public void Waits_that_throw_at_once_in_a_cancelled_scope_cannot_starve_the_loop() => RunLoop(async () =>
    {
        bool others = false;
        await CancelScope.Run(async scope =>
        {
            scope.Cancel();
            Loop.Current.CallSoon(() => others = true);
            for (int i = 0; i < 10_000 && !others; i++)
            {
                await Catch(Loop.Sleep(1));
            }
        });

        others.Should().BeTrue();
    });
}
