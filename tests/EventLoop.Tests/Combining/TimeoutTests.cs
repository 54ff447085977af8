namespace EventLoop.Tests.Combining;

[UnderSeeds(50)]
public sealed class TimeoutTests : LoopTest
{
    [Fact]
    public void A_body_that_ends_in_time_gives_its_value() => RunLoop(async () =>
        (await Loop.Timeout(Seconds(1), static _ => After(3, 5))).Should().Be(5), ManualTime);

    [Fact]
    public void A_body_that_takes_too_long_is_cancelled_and_TimeoutException_thrown() => RunLoop(async () =>
    {
        Exception? thrown = await Catch(Loop.Timeout(Seconds(1), async _ =>
        {
            try
            {
                await Forever();
            }
            finally
            {
                Log.Add("cleaned up");
            }
        }));

        thrown.Should().BeOfType<TimeoutException>().Which.InnerException.Should().BeAssignableTo<OperationCanceledException>();
        Log.Should().Equal("cleaned up");
    }, JumpingTime);

    [Fact]
    public void The_task_goes_on_uncancelled_after_an_expired_timeout() => RunLoop(async () =>
    {
        await Catch(Loop.Timeout(Seconds(1), static async _ => await Forever()));

        Loop.CurrentTask!.CancelRequests.Should().Be(0);
        Loop.CancellationToken.IsCancellationRequested.Should().BeFalse();
        await Yields(3);
    }, JumpingTime);

    [Fact]
    public void An_async_Task_body_is_timed_as_well() => RunLoop(async () =>
    {
        (await Catch(Loop.Timeout(Seconds(1), Body))).Should().BeOfType<TimeoutException>();

        static async Task Body(TimeoutScope scope) => await Forever();
    }, JumpingTime);

    [Fact]
    public void Reschedule_moves_the_deadline() => RunLoop(async () =>
    {
        TimeSpan start = Loop.Current.Time;
        await Loop.Timeout(Seconds(1), async scope =>
        {
            scope.Reschedule(start + Seconds(10));
            scope.Deadline.Should().Be(start + Seconds(10));
            await Loop.Sleep(Seconds(5));
        });

        (Loop.Current.Time - start).Should().Be(Seconds(5));
    }, JumpingTime);

    [Fact]
    public void Reschedule_to_null_takes_the_deadline_away() => RunLoop(async () =>
    {
        await Loop.Timeout(Seconds(1), async scope =>
        {
            scope.Reschedule(null);
            scope.Deadline.Should().BeNull();
            await Loop.Sleep(Seconds(50));
        });
    }, JumpingTime);

    [Fact]
    public void A_timeout_without_a_deadline_can_be_given_one_later() => RunLoop(async () =>
    {
        Exception? thrown = await Catch(Loop.Timeout(null, async scope =>
        {
            scope.Deadline.Should().BeNull();
            scope.Reschedule(Loop.Current.Time + Seconds(1));
            await Forever();
        }));

        thrown.Should().BeOfType<TimeoutException>();
    }, JumpingTime);

    [Fact]
    public void A_deadline_moved_into_the_past_takes_effect_at_the_next_wait() => RunLoop(async () =>
    {
        Exception? thrown = await Catch(Loop.Timeout(Seconds(100), async scope =>
        {
            scope.Reschedule(Loop.Current.Time - Seconds(1));
            await Loop.Yield();
            Log.Add("must not get here");
        }));

        thrown.Should().BeOfType<TimeoutException>();
        Log.Should().BeEmpty();
    }, ManualTime);

    [Fact]
    public void A_deadline_moved_into_the_past_may_be_moved_again_until_the_next_wait() => RunLoop(async () =>
    {
        await Loop.Timeout(Seconds(100), async scope =>
        {
            scope.Reschedule(Loop.Current.Time - Seconds(1));
            scope.Expired.Should().BeFalse();
            scope.Reschedule(Loop.Current.Time + Seconds(100));
            await Loop.Yield();
            scope.Reschedule(Loop.Current.Time - Seconds(1));
            scope.Reschedule(null);
            await Loop.Sleep(Seconds(200));
        });
        await CancelScope.Run(async scope =>
        {
            scope.Deadline = Loop.Current.Time - Seconds(1);
            scope.CancelCalled.Should().BeTrue();
            scope.Deadline = null;
            await Yields(2);
        });
    }, JumpingTime);

    [Fact]
    public void A_deadline_moved_into_the_past_behind_which_no_wait_comes_is_no_timeout() => RunLoop(async () =>
    {
        await Loop.Timeout(Seconds(100), static async scope => scope.Reschedule(Loop.Current.Time - Seconds(1)));
        await Yields(2);

        Loop.CurrentTask!.CancelRequests.Should().Be(0);
    });

    [Fact]
    public void A_deadline_that_another_task_moves_into_the_past_interrupts_the_wait_that_goes_on() => RunLoop(async () =>
    {
        TimeoutScope? timeout = null;
        LoopTask task = Loop.CreateTask(async () => await Loop.Timeout(Seconds(100), async scope =>
        {
            timeout = scope;
            await Forever();
        }));
        await Yields(2);
        timeout!.Reschedule(Loop.Current.Time);

        (await Catch(task)).Should().BeOfType<TimeoutException>();
    }, ManualTime);

    [Fact]
    public void Expired_tells_whether_it_was_this_timeout() => RunLoop(async () =>
    {
        TimeoutScope? inner = null, outer = null;
        await Catch(Loop.Timeout(Seconds(10), async o =>
        {
            outer = o;
            await Catch(Loop.Timeout(Seconds(1), async i =>
            {
                inner = i;
                i.Expired.Should().BeFalse();
                await Forever();
            }));
        }));

        (inner!.Expired, outer!.Expired).Should().Be((true, false));
    }, JumpingTime);

    [Fact]
    public void The_expiry_of_an_outer_timeout_passes_through_an_inner_one() => RunLoop(async () =>
    {
        TimeoutScope? inner = null;
        Exception? atInner = null;
        Exception? atOuter = await Catch(Loop.Timeout(Seconds(1), async _ =>
        {
            atInner = await Catch(Loop.Timeout(Seconds(10), async scope =>
            {
                inner = scope;
                await Forever();
            }));
            throw atInner!;
        }));

        atInner.Should().BeOfType<LoopCanceledException>();
        inner!.Expired.Should().BeFalse();
        atOuter.Should().BeOfType<TimeoutException>();
    }, JumpingTime);

    [Fact]
    public void A_timeout_that_expires_while_a_cancelled_scope_inside_cleans_up_throws_TimeoutException() => RunLoop(async () =>
    {
        var cleanedUp = new TaskCompletionSource();
        Loop.Current.CallLater(Seconds(2), cleanedUp.SetResult);

        Exception? thrown = await Catch(Loop.Timeout(Seconds(1), async _ =>
        {
            await CancelScope.Run(async scope =>
            {
                scope.Cancel();
                try
                {
                    await Forever();
                }
                finally
                {
                    await new ValueTask(cleanedUp.Task);      // which no cancellation interrupts
                }
            });
        }));

        thrown.Should().BeOfType<TimeoutException>();
    }, JumpingTime);

    [Fact]
    public void A_cancellation_from_outside_is_no_timeout() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () => await Loop.Timeout(Seconds(100), static async _ => await Forever()));
        await Loop.Yield();
        task.Cancel("outside");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("outside");
    }, ManualTime);

    [Fact]
    public void A_TimeoutException_of_the_body_is_passed_on_as_it_is() => RunLoop(async () =>
    {
        var own = new TimeoutException("of the body");

        (await Catch(Loop.Timeout(Seconds(1), _ => ThrowAfter(1, own)))).Should().BeSameAs(own);
    }, ManualTime);

    [Fact]
    public void A_failure_of_the_body_is_passed_on_also_after_the_expiry() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        Exception? thrown = await Catch(Loop.Timeout(Seconds(1), async _ =>
        {
            await Catch(Forever());
            throw failure;
        }));

        thrown.Should().BeSameAs(failure);
        Loop.CurrentTask!.CancelRequests.Should().Be(0);
    }, JumpingTime);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_timeout_with_no_time_left_expires_at_the_first_wait_of_its_body(int seconds) => RunLoop(async () =>
    {
        Exception? thrown = await Catch(Loop.Timeout(Seconds(seconds), async _ =>
        {
            Log.Add("started");
            await Forever();
        }));

        thrown.Should().BeOfType<TimeoutException>();
        Log.Should().Equal("started");
    });

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_timeout_with_no_time_left_takes_what_is_done_already(int seconds) => RunLoop(async () =>
    {
        LoopTask<int> done = Loop.CreateTask(After(0, 5));
        await done;

        (await Loop.Timeout(Seconds(seconds), async _ => await done)).Should().Be(5);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_timeout_with_no_time_left_can_be_given_more(int seconds) => RunLoop(async () =>
    {
        await Loop.Timeout(Seconds(seconds), async scope =>
        {
            scope.Reschedule(null);
            await Yields(3);
            scope.Expired.Should().BeFalse();
        });
        TimeSpan start = Loop.Current.Time;
        Exception? late = await Catch(Loop.Timeout(Seconds(seconds), async scope =>
        {
            scope.Reschedule(start + Seconds(1));
            await Forever();
        }));

        late.Should().BeOfType<TimeoutException>();
        (Loop.Current.Time - start).Should().Be(Seconds(1));
    }, JumpingTime);

    [Fact]
    public void An_infinite_timeout_is_none() => RunLoop(async () =>
        await Loop.Timeout(System.Threading.Timeout.InfiniteTimeSpan, async scope =>
        {
            scope.Deadline.Should().BeNull();
            await Loop.Sleep(Seconds(1000));
        }), JumpingTime);

    [Fact]
    public void TimeoutAt_takes_an_absolute_loop_time() => RunLoop(async () =>
    {
        TimeSpan start = Loop.Current.Time;

        (await Catch(Loop.TimeoutAt(start + Seconds(3), static async _ => await Forever()))).Should().BeOfType<TimeoutException>();

        (Loop.Current.Time - start).Should().Be(Seconds(3));
    }, JumpingTime);

    [Fact]
    public void TimeoutAt_null_is_none() => RunLoop(async () =>
        (await Loop.TimeoutAt(null, static _ => After(5, 5))).Should().Be(5));

    [Fact]
    public void The_deadline_is_absolute_loop_time_from_a_fresh_reading() => RunLoop(async () =>
    {
        Clock.Advance(Seconds(100));
        await Loop.Timeout(Seconds(1), async scope => scope.Deadline.Should().Be(Loop.Current.Time + Seconds(1)));
    }, ManualTime);

    [Fact]
    public void The_token_inside_a_timeout_fires_at_its_expiry() => RunLoop(async () =>
    {
        CancellationToken token = default;
        await Catch(Loop.Timeout(Seconds(1), async _ =>
        {
            token = Loop.CancellationToken;
            token.IsCancellationRequested.Should().BeFalse();
            await Forever();
        }));

        token.IsCancellationRequested.Should().BeTrue();
        Loop.CurrentTask!.CancellationToken.IsCancellationRequested.Should().BeFalse();
    }, JumpingTime);

    [Fact]
    public void A_foreign_wait_that_takes_the_token_ends_in_a_TimeoutException() => RunLoop(async () =>
    {
        Exception? thrown = await Catch(Loop.Timeout(TimeSpan.FromMilliseconds(2), static async _ =>
            await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, Loop.CancellationToken)));

        thrown.Should().BeOfType<TimeoutException>();
    });

    [Fact]
    public void A_foreign_wait_that_takes_the_token_of_an_inner_timeout_ends_in_the_TimeoutException_of_the_outer_one() => RunLoop(async () =>
    {
        TimeoutScope? inner = null;
        Exception? atInner = null;
        Exception? atOuter = await Catch(Loop.Timeout(Seconds(1), async _ =>
        {
            atInner = await Catch(Loop.Timeout(Seconds(10), async scope =>
            {
                inner = scope;
                await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, Loop.CancellationToken);
            }));
            throw atInner!;
        }));

        atInner.Should().BeAssignableTo<OperationCanceledException>();
        inner!.Expired.Should().BeFalse();
        atOuter.Should().BeOfType<TimeoutException>();
    });

    [Fact]
    public void A_foreign_wait_that_takes_the_token_of_a_group_inside_ends_in_a_TimeoutException() => RunLoop(async () =>
    {
        Exception? thrown = await Catch(Loop.Timeout(Seconds(1), static async _ => await TaskGroup.Run(static async group =>
            await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, Loop.CancellationToken))));

        thrown.Should().BeOfType<TimeoutException>();
    });

    [Fact]
    public void A_foreign_wait_with_the_token_of_the_innermost_of_many_scopes_ends_in_the_TimeoutException_of_the_one_that_expired() => RunLoop(async () =>
    {
        Exception? thrown = await Catch(Loop.Timeout(Seconds(1), static async _ => await Within(5)));

        thrown.Should().BeOfType<TimeoutException>();

        static async Coroutine Within(int scopes)
        {
            if (scopes > 0)
            {
                await Loop.Timeout(Seconds(10), async _ => await Within(scopes - 1));
            }
            else
            {
                await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, Loop.CancellationToken);
            }
        }
    });

    [Fact]
    public void A_foreign_wait_that_begins_in_a_scope_after_the_expiry_around_it_ends_in_a_TimeoutException() => RunLoop(async () =>
    {
        Exception? thrown = await Catch(Loop.Timeout(Seconds(1), static async _ =>
        {
            await Catch(Forever());
            await CancelScope.Run(static async _ => await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, Loop.CancellationToken));
        }));

        thrown.Should().BeOfType<TimeoutException>();
    });

    [Fact]
    public void A_foreign_wait_that_ends_by_a_cancelled_scope_while_the_timeout_around_it_expires_ends_in_a_TimeoutException() => RunLoop(async () =>
    {
        Exception? thrown = await Catch(Loop.Timeout(Seconds(1), async timeout =>
        {
            await CancelScope.Run(async scope =>
            {
                try
                {
                    scope.Cancel();
                    await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, Loop.CancellationToken);
                }
                finally
                {
                    timeout.Reschedule(Loop.Current.Time - Seconds(1));
                }
            });
        }));

        thrown.Should().BeOfType<TimeoutException>();
    });

    [Fact]
    public void A_timeout_outside_a_task_throws() => RunLoop(async () =>
    {
        LoopFuture<Exception?> thrown = Loop.Current.CreateFuture<Exception?>();
        Loop.Current.CallSoon(() =>
        {
            Task task = Loop.Timeout(Seconds(1), static _ => Yields(1)).AsTask();
            thrown.SetResult(task.Exception?.InnerException);
        });
        Exception? atTheCall = null;
        Loop.Current.CallSoon(() => atTheCall = Record.Exception(() => { _ = Loop.Timeout(Seconds(1), static _ => Yields(1)); }));
        await Yields(2);

        Exception? seen = thrown.IsCompleted ? await thrown : atTheCall ?? Reported.FirstOrDefault()?.Exception;
        seen.Should().BeOfType<InvalidOperationException>();
    });

    [Fact]
    public void A_timeout_in_time_leaves_no_timer_behind() => RunLoop(async () =>
    {
        int timers = Loop.Current.Statistics.TimerCount;
        await Loop.Timeout(Seconds(100), static _ => Yields(2));

        Loop.Current.Statistics.TimerCount.Should().Be(timers);
    }, ManualTime);
}
