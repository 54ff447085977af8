namespace EventLoop.Tests.Structure;

[UnderSeeds(50)]
public sealed class CancelScopeShieldTests : LoopTest
{
    [Fact]
    public void A_shield_holds_off_an_enclosing_scope_until_the_first_wait_after_it() => RunLoop(async () =>
    {
        bool ended = await CancelScope.Run(async outer =>
        {
            outer.Cancel();
            await CancelScope.Run(async _ =>
            {
                await Yields(3);
                Log.Add("shielded work done");
            }, shield: true);
            Log.Add("after the shield");
            await Loop.Yield();
            Log.Add("must not get here");
        });

        ended.Should().BeFalse();
        Log.Should().Equal("shielded work done", "after the shield");
    });

    [Fact]
    public void A_shield_holds_off_LoopTask_Cancel() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            await CancelScope.Run(async _ =>
            {
                await Yields(5);
                Log.Add("shielded work done");
            }, shield: true);
            await Loop.Yield();
            Log.Add("must not get here");
        });
        await Yields(2);
        task.Cancel("why");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
        Log.Should().Equal("shielded work done");
    });

    [Fact]
    public void A_shield_holds_off_an_enclosing_timeout() => RunLoop(async () =>
    {
        Exception? thrown = await Catch(Loop.Timeout(Seconds(1), async _ =>
        {
            await CancelScope.Run(async _ =>
            {
                await Loop.Sleep(Seconds(5));
                Log.Add("shielded work done");
            }, shield: true);
            await Loop.Yield();
        }));

        thrown.Should().BeOfType<TimeoutException>();
        Log.Should().Equal("shielded work done");
    }, JumpingTime);

    [Fact]
    public void A_shield_holds_off_the_abort_of_a_group() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(ThrowAfter(1, failure));
            group.StartSoon(async () =>
            {
                await CancelScope.Run(async _ =>
                {
                    await Yields(10);
                    Log.Add("shielded work done");
                }, shield: true);
                await Loop.Yield();
                Log.Add("must not get here");
            });
        }));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(failure);
        Log.Should().Equal("shielded work done");
    });

    [Fact]
    public void A_shield_does_not_hold_off_the_cancellation_of_its_own_scope() => RunLoop(async () =>
    {
        var shielded = new CancelScope(shield: true);
        LoopTask<bool> task = Loop.CreateTask(async () => await shielded.RunAsync(Forever));
        await Loop.Yield();
        shielded.Cancel();

        (await task).Should().BeFalse();
    });

    [Fact]
    public void A_shield_can_be_lowered_while_its_body_waits_elsewhere() => RunLoop(async () =>
    {
        bool ended = await CancelScope.Run(async outer =>
        {
            outer.Cancel();
            await CancelScope.Run(async scope =>
            {
                scope.Shield.Should().BeTrue();
                await Loop.Yield();
                scope.Shield = false;
                await Loop.Yield();
                Log.Add("must not get here");
            }, shield: true);
        });

        ended.Should().BeFalse();
        Log.Should().BeEmpty();
    });

    [Fact]
    public void A_shield_that_is_lowered_lets_the_cancellation_in_to_the_children_of_a_group_inside_it() => RunLoop(async () =>
    {
        bool ended = await CancelScope.Run(async outer =>
        {
            await CancelScope.Run(async shielded => await TaskGroup.Run(async group =>
            {
                var interrupted = new TaskCompletionSource();
                group.StartSoon(async () =>
                {
                    try
                    {
                        await Forever();
                    }
                    finally
                    {
                        interrupted.SetResult();
                    }
                });
                await Loop.Yield();
                outer.Cancel();

                shielded.Shield = false;

                await interrupted.Task;      // a foreign wait: nothing but the child ends it
                Log.Add("the child was interrupted");
                await Loop.Yield();
                Log.Add("must not get here");
            }), shield: true);
        });

        ended.Should().BeFalse();
        Log.Should().Equal("the child was interrupted");
    });

    [Fact]
    public void A_shield_that_is_lowered_lets_the_cancellation_in_to_its_token_and_one_that_is_raised_keeps_it_out() => RunLoop(async () =>
    {
        await CancelScope.Run(async outer =>
        {
            await CancelScope.Run(async lowered =>
            {
                CancellationToken token = lowered.Token;
                await CancelScope.Run(async raised =>
                {
                    CancellationToken own = raised.Token;
                    raised.Shield = true;
                    outer.Cancel();
                    (token.IsCancellationRequested, own.IsCancellationRequested).Should().Be((false, false));

                    lowered.Shield = false;

                    (token.IsCancellationRequested, own.IsCancellationRequested).Should().Be((true, false));
                });
            }, shield: true);
        });
    });

    [Fact]
    public void Cancel_with_a_grace_of_zero_breaks_the_shields_inside_at_once() => RunLoop(async () =>
    {
        bool ended = await CancelScope.Run(async outer =>
        {
            await CancelScope.Run(async _ =>
            {
                outer.Cancel(grace: TimeSpan.Zero);
                await Loop.Yield();
                Log.Add("must not get here");
            }, shield: true);
        });

        ended.Should().BeFalse();
        Log.Should().BeEmpty();
    });

    [Fact]
    public void Cancel_with_a_grace_breaks_the_shields_inside_after_that_time() => RunLoop(async () =>
    {
        TimeSpan start = Loop.Current.Time;
        bool ended = await CancelScope.Run(async outer =>
        {
            await CancelScope.Run(async _ =>
            {
                outer.Cancel(grace: Seconds(5));
                await Loop.Sleep(Seconds(3));
                Log.Add("within the grace");
                await Loop.Sleep(Seconds(100));
                Log.Add("must not get here");
            }, shield: true);
        });

        ended.Should().BeFalse();
        (Loop.Current.Time - start).Should().Be(Seconds(5));
        Log.Should().Equal("within the grace");
    }, JumpingTime);

    [Fact]
    public void Cancel_without_a_grace_leaves_the_shields_inside_alone() => RunLoop(async () =>
    {
        bool ended = await CancelScope.Run(async outer =>
        {
            await CancelScope.Run(async _ =>
            {
                outer.Cancel();
                await Loop.Sleep(Seconds(100));
                Log.Add("shielded work done");
            }, shield: true);
        });

        ended.Should().BeTrue("the body had no wait left in which the cancellation could land");
        Log.Should().Equal("shielded work done");
    }, JumpingTime);

    [Fact]
    public void The_token_of_a_shielded_scope_is_not_linked_beyond_the_shield() => RunLoop(async () =>
    {
        await CancelScope.Run(async outer => await CancelScope.Run(async inner =>
        {
            outer.Cancel();
            inner.Token.IsCancellationRequested.Should().BeFalse();
            outer.Token.IsCancellationRequested.Should().BeTrue();
        }, shield: true));
    });

    [Fact]
    public void A_grace_that_ends_before_the_scope_is_entered_has_broken_its_shields() => RunLoop(async () =>
    {
        var scope = new CancelScope();
        scope.Cancel(grace: Seconds(1));
        await Loop.Sleep(Seconds(2));

        bool ran = await scope.RunAsync(async Coroutine () => await CancelScope.Run(async _ => await Forever(), shield: true));

        ran.Should().BeFalse();
    }, JumpingTime);

    [Fact]
    public void A_grace_counts_from_the_first_cancellation_however_late_it_is_given() => RunLoop(async () =>
    {
        TimeSpan start = Loop.Current.Time;
        bool ran = await CancelScope.Run(async outer =>
        {
            await CancelScope.Run(async _ =>
            {
                outer.Cancel();
                await Loop.Sleep(Seconds(3));
                outer.Cancel(grace: Seconds(5));
                await Forever();
            }, shield: true);
        });

        ran.Should().BeFalse();
        (Loop.Current.Time - start).Should().BeCloseTo(Seconds(5), Seconds(0.5));
    }, JumpingTime);

    [Fact]
    public void An_infinite_grace_leaves_shields_alone()
    {
        RunLoop(async () => await CancelScope.Run(async outer =>
        {
            outer.Cancel("stop", System.Threading.Timeout.InfiniteTimeSpan);
            await CancelScope.Run(async _ => await Loop.Sleep(100), shield: true);
            Log.Add("slept");
        }));

        Log.Should().Equal("slept");
    }

    [Fact]
    public void A_negative_grace_is_refused() => RunLoop(async () => await CancelScope.Run(async scope =>
    {
        FluentActions.Invoking(() => scope.Cancel(grace: Seconds(-2))).Should().Throw<ArgumentOutOfRangeException>();
        scope.CancelCalled.Should().BeFalse();
    }));
}
