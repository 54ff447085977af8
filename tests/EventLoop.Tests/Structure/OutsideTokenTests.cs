namespace EventLoop.Tests.Structure;

/// <summary>A token from outside cancels a scope, from whichever thread.</summary>
[UnderSeeds(20)]
public sealed class OutsideTokenTests : LoopTest
{
    private readonly CancellationTokenSource _source = new();

    [Fact]
    public void A_token_that_another_thread_cancels_cancels_the_scope_it_was_given_to() => RunLoop(async () =>
    {
        Task cancelling = Task.CompletedTask;
        bool ended = await CancelScope.Run(async _ =>
        {
            cancelling = Task.Run(_source.Cancel);
            await Forever();
        }, cancellationToken: _source.Token);

        ended.Should().BeFalse();
        await cancelling;
    });

    [Fact]
    public void A_token_that_is_cancelled_on_the_loops_thread_lands_at_the_next_wait() => RunLoop(async () =>
    {
        bool ended = await CancelScope.Run(async scope =>
        {
            _source.Cancel();
            scope.CancelCalled.Should().BeTrue();
            await Loop.Yield();
            Log.Add("must not get here");
        }, cancellationToken: _source.Token);

        ended.Should().BeFalse();
        Log.Should().BeEmpty();
    });

    [Fact]
    public void A_token_that_was_cancelled_before_lets_the_body_run_to_its_first_wait() => RunLoop(async () =>
    {
        _source.Cancel();

        Outcome<int> outcome = await CancelScope.Run(async _ =>
        {
            Log.Add("started");
            await Loop.Yield();
            return 1;
        }, cancellationToken: _source.Token);

        outcome.IsCanceled.Should().BeTrue();
        Log.Should().Equal("started");
    });

    [Fact]
    public void MoveOnAfter_returns_false_for_its_token_as_for_its_time() => RunLoop(async () =>
    {
        _source.Cancel();

        (await CancelScope.MoveOnAfter(Seconds(1), static async _ => await Forever(), _source.Token)).Should().BeFalse();
        (await CancelScope.MoveOnAfter(Seconds(1), static async _ => await Forever(), CancellationToken.None)).Should().BeFalse();
    });

    [Fact]
    public void FailAfter_Timeout_and_WaitFor_throw_a_cancellation_with_the_token_when_it_comes_first_and_TimeoutException_otherwise() => RunLoop(async () =>
    {
        foreach (bool cancelled in new[] { false, true })
        {
            if (cancelled)
            {
                Loop.Current.CallLater(Seconds(0.5), _source.Cancel);
            }

            Coroutine[] waits =
            [
                CancelScope.FailAfter(Seconds(1), static async _ => await Forever(), _source.Token),
                Loop.Timeout(Seconds(1), static async _ => await Forever(), _source.Token),
                Loop.Timeout(Seconds(1), static async () => await Forever(), _source.Token),
                Loop.WaitFor(Forever(), Seconds(1), _source.Token),
                Loop.WaitFor(Loop.CreateTask(Forever()), Seconds(1), _source.Token),
            ];
            foreach (Coroutine wait in waits)
            {
                Exception? thrown = await Catch(wait);
                if (cancelled)
                {
                    thrown.Should().BeOfType<LoopCanceledException>().Which.CancellationToken.Should().Be(_source.Token);
                }
                else
                {
                    thrown.Should().BeOfType<TimeoutException>();
                }
            }
        }

        Loop.CurrentTask!.CancelRequests.Should().Be(0);
        await Yields(2);
    });

    [Fact]
    public void WaitFor_cancels_what_it_waits_for_and_waits_for_its_end() => RunLoop(async () =>
    {
        LoopTask work = Loop.CreateTask(async () =>
        {
            try
            {
                await Forever();
            }
            finally
            {
                await Yields(3);
                Log.Add("cleaned up");
            }
        });
        Loop.Current.CallSoon(_source.Cancel);

        (await Catch(Loop.WaitFor(work, null, _source.Token))).Should().BeAssignableTo<OperationCanceledException>();
        work.IsCanceled.Should().BeTrue();
        Log.Should().Equal("cleaned up");
    });

    [Fact]
    public void WaitFor_does_not_start_a_coroutine_when_its_token_was_cancelled_before() => RunLoop(async () =>
    {
        _source.Cancel();

        (await Catch(Loop.WaitFor(Note(), null, _source.Token))).Should().BeOfType<LoopCanceledException>().Which.CancellationToken.Should().Be(_source.Token);
        Log.Should().BeEmpty();

        async Coroutine Note()
        {
            Log.Add("must not get here");
            await Loop.Yield();
        }
    });

    [Fact]
    public void A_scope_lets_go_of_its_token_when_it_is_left() => RunLoop(async () =>
    {
        WeakReference left = await Leave();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        left.IsAlive.Should().BeFalse();
        _source.Cancel();
        await Yields(2);

        async Coroutine<WeakReference> Leave()
        {
            var scope = new CancelScope(null, shield: false, _source.Token);
            await scope.RunAsync(static () => Yields(1));
            return new WeakReference(scope);
        }
    });

    [Fact]
    public void A_token_that_is_cancelled_while_its_scope_is_left_harms_nobody() => RunLoop(async () =>
    {
        for (int i = 0; i < 50; i++)
        {
            using var source = new CancellationTokenSource();
            Task cancelling = Task.CompletedTask;
            await CancelScope.Run(async _ =>
            {
                cancelling = Task.Run(source.Cancel);
                await Loop.Yield();
            }, cancellationToken: source.Token);
            await Loop.Yield();
            await cancelling;
        }
    });

    [Fact]
    public void A_shield_does_not_hold_off_the_token_that_was_given_to_its_own_scope() => RunLoop(async () =>
    {
        Loop.Current.CallSoon(_source.Cancel);

        (await CancelScope.Run(static async _ => await Forever(), shield: true, cancellationToken: _source.Token)).Should().BeFalse();
    });

    [Fact]
    public void A_timeout_whose_token_came_first_has_not_expired() => RunLoop(async () =>
    {
        TimeoutScope? timeout = null;
        Loop.Current.CallSoon(_source.Cancel);

        await Catch(Loop.Timeout(Seconds(1), async scope =>
        {
            timeout = scope;
            await Forever();
        }, _source.Token));

        timeout!.Expired.Should().BeFalse();
    });
}
