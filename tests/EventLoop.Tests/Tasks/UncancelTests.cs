namespace EventLoop.Tests.Tasks;

[UnderSeeds(50)]
public sealed class UncancelTests : LoopTest
{
    [Fact]
    public void Uncancel_takes_one_request_back_and_returns_what_is_left() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Forever());
        task.Cancel();
        task.Cancel();

        task.CancelRequests.Should().Be(2);
        task.Uncancel().Should().Be(1);
        task.Uncancel().Should().Be(0);
        task.CancelRequests.Should().Be(0);
    });

    [Fact]
    public void Uncancel_without_a_request_stays_at_zero() => RunLoop(async () => Loop.CurrentTask!.Uncancel().Should().Be(0));

    [Fact]
    public void Uncancel_to_zero_takes_back_a_request_that_was_not_delivered() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        me.Cancel();
        me.Uncancel();

        await Loop.Yield();
        await Loop.Sleep(0);
    });

    [Fact]
    public void Uncancel_to_more_than_zero_leaves_the_request_pending() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        me.Cancel();
        me.Cancel();
        me.Uncancel();

        (await Catch(Loop.Yield())).Should().BeOfType<LoopCanceledException>();
        me.Uncancel();
    });

    [Fact]
    public void After_Uncancel_an_unrelated_OperationCanceledException_is_a_failure_again() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            await Catch(Forever());
            Loop.CurrentTask!.Uncancel();
            throw new OperationCanceledException();
        });
        await Loop.Yield();
        task.Cancel();
        await Catch(task);

        task.IsFaulted.Should().BeTrue();
    });

    [Fact]
    public void After_Uncancel_a_timeout_around_it_throws_TimeoutException_again() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        Loop.Current.CallSoon(() => me.Cancel());

        Exception? thrown = await Catch(Loop.Timeout(Seconds(1), async _ =>
        {
            (await Catch(Forever())).Should().BeOfType<LoopCanceledException>();
            me.Uncancel();
            await Forever();
        }));

        thrown.Should().BeOfType<TimeoutException>();
    });

    [Fact]
    public void After_Uncancel_to_what_it_was_at_its_start_a_scope_absorbs_its_own_cancellation_again() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        me.Cancel();
        await Catch(Loop.Yield());

        bool ended = await CancelScope.Run(async scope =>
        {
            me.Cancel();
            await Catch(Loop.Yield());
            me.Uncancel().Should().Be(1);
            scope.Cancel();
            await Loop.Yield();
        });

        ended.Should().BeFalse();
        me.Uncancel();
    });

    [Fact]
    public void A_scope_does_not_absorb_a_request_from_before_it_that_is_delivered_inside() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            Loop.CurrentTask!.Cancel("outside");
            await CancelScope.Run(static async scope =>
            {
                scope.Cancel();
                await Loop.Yield();
            });
        });

        await Catch(task);
        task.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void The_token_of_a_task_fires_on_Cancel() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Forever());
        CancellationToken token = task.CancellationToken;
        token.IsCancellationRequested.Should().BeFalse();

        task.Cancel();

        token.IsCancellationRequested.Should().BeTrue();
    });

    [Fact]
    public void A_token_asked_for_after_Cancel_is_cancelled_already() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Forever());
        task.Cancel();

        task.CancellationToken.IsCancellationRequested.Should().BeTrue();
    });

    [Fact]
    public void After_Uncancel_to_zero_the_task_has_a_fresh_token_and_the_old_one_stays_cancelled() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        CancellationToken old = me.CancellationToken;
        me.Cancel();
        me.Uncancel();

        old.IsCancellationRequested.Should().BeTrue();
        me.CancellationToken.IsCancellationRequested.Should().BeFalse();
    });

    [Fact]
    public void After_Uncancel_to_zero_the_scopes_of_the_task_have_fresh_tokens_too_which_fire_again() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        await CancelScope.Run(async outer => await CancelScope.Run(async inner =>
        {
            CancellationToken old = inner.Token;
            me.Cancel();
            old.IsCancellationRequested.Should().BeTrue();
            me.Uncancel();

            old.IsCancellationRequested.Should().BeTrue();
            inner.Token.IsCancellationRequested.Should().BeFalse();
            outer.Token.IsCancellationRequested.Should().BeFalse();
            CancellationToken fresh = inner.Token;
            me.Cancel();
            fresh.IsCancellationRequested.Should().BeTrue();
            me.Uncancel();
        }));
    });

    [Fact]
    public void After_Uncancel_to_zero_the_tokens_inside_a_scope_that_is_cancelled_itself_stay_cancelled() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        await CancelScope.Run(async outer => await CancelScope.Run(async inner =>
        {
            CancellationToken old = inner.Token;
            outer.Cancel();
            me.Cancel();
            me.Uncancel();

            inner.Token.Should().Be(old);
            outer.Token.IsCancellationRequested.Should().BeTrue();
        }));
    });

    [Fact]
    public void After_Uncancel_a_foreign_wait_that_takes_the_token_of_a_timeout_is_timed_again() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        Exception? thrown = await Catch(Loop.Timeout(Seconds(1), async _ =>
        {
            CancellationToken old = Loop.CancellationToken;
            me.Cancel();
            await Catch(Loop.Yield());
            me.Uncancel();
            old.IsCancellationRequested.Should().BeTrue();
            await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, Loop.CancellationToken);
        }));

        thrown.Should().BeOfType<TimeoutException>();
    });

    [Fact]
    public void Loop_CancellationToken_is_the_token_of_the_current_task() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;

        Loop.CancellationToken.Should().Be(me.CancellationToken);
    });

    [Fact]
    public void An_API_that_takes_the_token_is_interrupted_by_Cancel_and_makes_the_task_canceled() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
            await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, Loop.CancellationToken));
        await Loop.Yield();

        task.Cancel();

        (await Catch(task)).Should().BeAssignableTo<OperationCanceledException>();
        task.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void A_callback_of_the_token_that_throws_does_not_stop_the_loop_and_does_not_vanish() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        LoopTask task = Loop.CreateTask(Forever());
        using CancellationTokenRegistration registration = task.CancellationToken.Register(() => throw failure);
        Exception? thrown = Record.Exception(() => { task.Cancel(); });
        await Loop.Sleep(1);

        IEnumerable<Exception?> seen = Reported.Select(static context => context.Exception).Append(thrown);
        seen.Any(exception => exception == failure || (exception as AggregateException)?.InnerExceptions.Contains(failure) == true)
            .Should().BeTrue();
        task.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void Tokens_of_a_first_scope_that_was_entered_while_a_request_stood_are_new_when_it_is_taken_back() => RunLoop(async () =>
    {
        var me = Loop.CurrentTask!;
        me.Cancel();
        (await Catch(Yields(1))).Should().BeOfType<LoopCanceledException>();
        await Loop.Timeout(Seconds(5), async Coroutine () =>
        {
            Loop.CancellationToken.IsCancellationRequested.Should().BeTrue();
            me.Uncancel();
            Loop.CancellationToken.IsCancellationRequested.Should().BeFalse();
        });
    });

    [Fact]
    public void Tokens_of_children_are_new_when_the_request_around_them_is_taken_back() => RunLoop(async () =>
    {
        var me = Loop.CurrentTask!;
        await CancelScope.Run(async Coroutine (_) => await TaskGroup.Run(async Coroutine (group) =>
        {
            var child = group.CreateTask(Yields(3));
            var before = child.CancellationToken;
            me.Cancel();
            before.IsCancellationRequested.Should().BeTrue();
            me.Uncancel();
            child.CancellationToken.IsCancellationRequested.Should().BeFalse();
        }));
    });
}
