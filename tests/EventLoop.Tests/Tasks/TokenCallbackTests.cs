namespace EventLoop.Tests.Tasks;

/// <summary>What others have registered on the token of a task or scope: run inside the cancellation, as plain callbacks.</summary>
[UnderSeeds(50)]
public sealed class TokenCallbackTests : LoopTest
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Async_code_that_a_callback_starts_when_a_deadline_has_come_goes_on_on_the_loop(int seconds) => RunLoop(async () =>
    {
        LoopFuture done = Loop.Current.CreateFuture();
        await CancelScope.MoveOnAfter(Seconds(seconds), async scope =>
        {
            scope.Token.Register(() => _ = Notify());
            await Forever();
        });

        await done;

        async Task Notify()
        {
            await Loop.Sleep(1);
            await Loop.Yield();
            done.SetResult();
        }
    });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_coroutine_that_a_callback_starts_when_a_deadline_has_come_goes_on_on_the_loop(int seconds) => RunLoop(async () =>
    {
        LoopFuture<int> done = Loop.Current.CreateFuture<int>();
        await CancelScope.MoveOnAfter(Seconds(seconds), async scope =>
        {
            scope.Token.Register(() => _ = Notify().AsTask());
            await Forever();
        });

        (await done).Should().Be(Environment.CurrentManagedThreadId);

        async Coroutine Notify()
        {
            await Task.Run(static () => { });
            done.SetResult(Environment.CurrentManagedThreadId);
        }
    });

    [Fact]
    public void A_long_chain_of_coroutines_that_a_callback_starts_when_a_deadline_has_come_goes_on_without_another_step() => RunLoop(async () =>
    {
        LoopFuture done = Loop.Current.CreateFuture();
        var release = new TaskCompletionSource();
        LoopTask task = Loop.CreateTask(async () =>
        {
            await CancelScope.MoveOnAfter(Seconds(1), async scope =>
            {
                scope.Token.Register(() => _ = Chain(200).AsTask());
                await release.Task;      // a foreign wait, so that the expiry itself makes nothing ready
            });
        });

        await done;
        release.SetResult();
        await task;

        async Coroutine Chain(int depth)
        {
            if (depth > 0)
            {
                await Chain(depth - 1);
            }
            else
            {
                done.SetResult();
            }
        }
    });

    [Fact]
    public void A_callback_belongs_to_no_task_whoever_cancels_and_leaves_the_step_as_it_was() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        LoopTask? seen = me;
        var own = new SynchronizationContext();
        await CancelScope.Run(async scope =>
        {
            scope.Token.Register(() => seen = Loop.CurrentTask);
            SynchronizationContext.SetSynchronizationContext(own);

            scope.Cancel();

            SynchronizationContext.Current.Should().BeSameAs(own);
            Loop.CurrentTask.Should().BeSameAs(me);
        });

        seen.Should().BeNull();
        Loop.CurrentTask.Should().BeSameAs(me);
    });

    [Fact]
    public void A_callback_does_not_take_the_cancellation_of_the_task_that_was_about_to_await_another() => RunLoop(async () =>
    {
        LoopTask<int> child = Loop.CreateTask(WithCallback());
        await Yields(2);
        LoopTask task = Loop.CreateTask(async () =>
        {
            Loop.CurrentTask!.Cancel();
            await child;
        });

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        task.IsCanceled.Should().BeTrue();
        Log.Should().Equal("called back");
    });

    [Fact]
    public void A_callback_does_not_take_the_cancellation_of_the_task_that_was_about_to_gather_others() => RunLoop(async () =>
    {
        LoopTask<int> child = Loop.CreateTask(WithCallback());
        await Yields(2);
        LoopTask task = Loop.CreateTask(async () =>
        {
            Loop.CurrentTask!.Cancel();
            await Loop.Gather(child);
        });

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        task.IsCanceled.Should().BeTrue();
        Log.Should().Equal("called back");
    });

    private async Coroutine<int> WithCallback()
    {
        LoopFuture done = Loop.Current.CreateFuture();
        done.SetResult();
        Loop.CancellationToken.Register(() => _ = CallBack());
        await Forever();
        return 1;

        async Task CallBack()
        {
            await done;
            Log.Add("called back");
        }
    }

    [Fact]
    public void A_token_that_was_asked_for_before_its_scope_was_entered_leaves_nothing_behind_with_the_task() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            var scope = new CancelScope();
            CancellationToken token = scope.Token;
            token.Register(() => Log.Add("must not be called"));
            await scope.RunAsync(static () => Yields(1));
            await Forever();
        });
        await Yields(5);
        task.Cancel();
        await Catch(task);

        Log.Should().BeEmpty();
        Reported.Should().BeEmpty();
    });

    [Fact]
    public void A_token_that_was_asked_for_before_its_scope_was_entered_fires_with_what_is_around_it() => RunLoop(async () =>
    {
        var scope = new CancelScope();
        CancellationToken token = scope.Token;
        bool ended = await CancelScope.Run(async outer =>
        {
            await scope.RunAsync(async () =>
            {
                token.IsCancellationRequested.Should().BeFalse();
                outer.Cancel();
                token.IsCancellationRequested.Should().BeTrue();
                await Loop.Yield();
            });
        });

        ended.Should().BeFalse();
    });

    [Fact]
    public void A_callback_that_fails_while_its_scope_enters_a_cancelled_one_is_reported_and_the_scope_entered_all_the_same() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        var scope = new CancelScope();
        scope.Token.Register(() => throw failure);

        bool ended = await CancelScope.Run(async outer =>
        {
            outer.Cancel();
            await scope.RunAsync(static () => Yields(1));
        });

        ended.Should().BeFalse();
        Reported.Should().ContainSingle().Which.Exception.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(failure);
        await Yields(1);
    });

    [Fact]
    public void A_callback_that_fails_where_no_loop_runs_fails_the_call_that_cancels()
    {
        var failure = new InvalidDataException();
        var scope = new CancelScope();
        scope.Token.Register(() => throw failure);

        Assert.Throws<AggregateException>(() => scope.Cancel()).InnerExceptions.Should().Equal(failure);
        scope.CancelCalled.Should().BeTrue();
    }
}
