namespace EventLoop.Tests.Tasks;

[UnderSeeds(50)]
public sealed class CancelTests : LoopTest
{
    [Fact]
    public void Cancel_throws_at_the_wait_with_the_reason() => RunLoop(async () =>
    {
        Exception? thrown = null;
        LoopTask task = Loop.CreateTask(async () => thrown = await Catch(Forever()));
        await Loop.Yield();

        task.Cancel("why").Should().BeTrue();
        await task;

        thrown.Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
        thrown.Should().BeAssignableTo<OperationCanceledException>();
    });

    [Fact]
    public void A_task_whose_cancellation_escapes_it_is_canceled() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Forever());
        await Loop.Yield();
        task.Cancel("why");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
        task.IsCanceled.Should().BeTrue();
        task.CancelReason.Should().Be("why");
    });

    [Fact]
    public void Cancel_does_not_run_the_task_inline()
    {
        RunLoop(async () =>
        {
            LoopTask task = Loop.CreateTask(async () =>
            {
                await Catch(Forever());
                Log.Add("task");
            });
            await Loop.Yield();
            task.Cancel();
            Log.Add("after Cancel");
            await task;
        });

        Log.Should().Equal("after Cancel", "task");
    }

    [Fact]
    public void Cancel_passes_through_every_nested_coroutine_and_its_finally_blocks()
    {
        RunLoop(async () =>
        {
            LoopTask task = Loop.CreateTask(Level(3));
            await Loop.Yield();
            task.Cancel();
            await Catch(task);
        });

        Log.Should().Equal("0", "1", "2", "3");

        async Coroutine Level(int depth)
        {
            try
            {
                await (depth == 0 ? Forever() : Level(depth - 1));
            }
            finally
            {
                Log.Add($"{depth}");
            }
        }
    }

    [Fact]
    public void Cancel_passes_through_async_Task_methods() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Outer);
        await Loop.Yield();
        task.Cancel("why");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
        Log.Should().Equal("inner", "outer");

        async Task Outer()
        {
            try
            {
                await Inner();
            }
            finally
            {
                Log.Add("outer");
            }
        }

        async Task Inner()
        {
            try
            {
                await Forever();
            }
            finally
            {
                Log.Add("inner");
            }
        }
    });

    [Fact]
    public void Cancel_of_a_finished_task_returns_false() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Yields(0));
        await task;

        task.Cancel().Should().BeFalse();
        task.IsCompletedSuccessfully.Should().BeTrue();
    });

    [Fact]
    public void A_task_cancelled_before_its_first_step_runs_to_its_first_suspension()
    {
        RunLoop(async () =>
        {
            LoopTask task = Loop.CreateTask(async () =>
            {
                Log.Add("started");
                try
                {
                    await Loop.Yield();
                    Log.Add("must not get here");
                }
                finally
                {
                    Log.Add("cleaned up");
                }
            });
            task.Cancel();
            await Catch(task);
            task.IsCanceled.Should().BeTrue();
        });

        Log.Should().Equal("started", "cleaned up");
    }

    [Fact]
    public void Cancellation_is_edge_triggered() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(async () =>
        {
            await Catch(Forever());
            await Yields(3);
            await Loop.Sleep(0);
            return 5;
        });
        await Loop.Yield();
        task.Cancel();

        (await task).Should().Be(5);
    });

    [Fact]
    public void A_task_that_returns_with_a_request_outstanding_ran_to_completion_and_the_request_stays_counted() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(async () =>
        {
            await Catch(Forever());
            return 5;
        });
        await Loop.Yield();
        task.Cancel();
        await task;

        task.Status.Should().Be(LoopTaskStatus.RanToCompletion);
        task.CancelRequests.Should().Be(1);
    });

    [Fact]
    public void A_task_that_cancels_itself_and_never_waits_again_ran_to_completion() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(async () =>
        {
            Loop.CurrentTask!.Cancel();
            return 5;
        });

        (await task).Should().Be(5);
    });

    [Fact]
    public void A_task_that_cancels_itself_is_interrupted_at_its_next_wait() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            Loop.CurrentTask!.Cancel("self");
            Log.Add("still running");
            await Loop.Yield();
            Log.Add("must not get here");
        });

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("self");
        Log.Should().Equal("still running");
    });

    [Fact]
    public void One_wait_is_interrupted_once_however_many_requests_meet_in_it() => RunLoop(async () =>
    {
        int interruptions = 0;
        LoopTask task = Loop.CreateTask(async () =>
        {
            for (int i = 0; i < 3; i++)
            {
                interruptions += await Catch(Yields(1)) is null ? 0 : 1;
            }
        });
        await Loop.Yield();
        task.Cancel();
        task.Cancel();
        task.Cancel();
        task.CancelRequests.Should().Be(3);
        await task;

        interruptions.Should().Be(1);
    });

    [Fact]
    public void A_second_request_after_the_first_was_delivered_interrupts_again() => RunLoop(async () =>
    {
        int interruptions = 0;
        LoopTask task = Loop.CreateTask(async () =>
        {
            interruptions += await Catch(Forever()) is null ? 0 : 1;
            interruptions += await Catch(Forever()) is null ? 0 : 1;
        });
        await Loop.Yield();
        task.Cancel();
        await Yields(2);
        task.Cancel();
        await task;

        interruptions.Should().Be(2);
    });

    [Fact]
    public void The_last_reason_wins_while_the_request_is_undelivered() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Forever());
        task.Cancel("first");
        task.Cancel("last");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("last");
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void The_first_reason_wins_once_it_was_delivered() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Forever());
        await Loop.Yield();
        task.Cancel("first");
        task.Cancel("last");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("first");
    });

    [Fact]
    public void A_result_that_was_handed_over_is_delivered_and_the_cancellation_lands_at_the_next_wait() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        int got = 0;
        LoopTask task = Loop.CreateTask(async () =>
        {
            got = await future;
            await Loop.Yield();
            got = -1;
        });
        await Loop.Yield();

        future.SetResult(5);
        task.Cancel();
        await Catch(task);

        got.Should().Be(5);
        task.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void A_sleep_that_has_fired_is_delivered_although_its_task_is_cancelled_before_it_runs() => RunLoop(async () =>
    {
        LoopTask? sleeper = null;
        TimeSpan when = Loop.Current.Time + Seconds(1);
        Loop.Current.CallAt(when, () => sleeper!.Cancel());
        sleeper = Loop.CreateTask(async () =>
        {
            await Loop.Sleep(Seconds(1));
            Log.Add("slept");
            await Loop.Yield();
            Log.Add("must not get here");
        });
        await Catch(sleeper);

        Log.Should().Equal("slept");
        sleeper.IsCanceled.Should().BeTrue();
    }, JumpingTime);

    [Fact]
    public void A_yield_hands_over_nothing_so_a_cancellation_takes_its_place() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            await Loop.Yield();
            Log.Add("must not get here");
        });
        await Loop.Yield();

        task.Cancel();
        await Catch(task);

        Log.Should().BeEmpty();
    });

    [Fact]
    public void Two_waits_of_one_task_for_the_same_future_are_both_given_up() => RunLoop(async () =>
    {
        LoopFuture<int> shared = Loop.Current.CreateFuture<int>();
        LoopTask task = Loop.CreateTask(async () => await Task.WhenAll(Wait(), Wait()));
        await Yields(2);

        task.Cancel("enough");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("enough", "enough");
        LoopTask another = Loop.CreateTask(Forever());
        await Loop.Yield();
        another.Cancel();
        (await Catch(another)).Should().BeOfType<LoopCanceledException>("cancelling goes on working");

        async Task Wait()
        {
            try
            {
                await shared;
            }
            catch (LoopCanceledException canceled)
            {
                Log.Add(canceled.Reason!);
                throw;
            }
        }
    });

    [Fact]
    public void Several_waits_of_one_task_are_interrupted_once_however_many_requests_meet_in_them() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () => await Task.WhenAll(Wait(), Wait()));
        await Yields(2);

        task.Cancel("first");
        task.Cancel("second");

        await task;
        Log.Should().Equal("first", "first");

        async Task Wait()
        {
            try
            {
                await Forever();
            }
            catch (LoopCanceledException canceled)
            {
                Log.Add(canceled.Reason!);
            }

            await Yields(3);
        }
    });

    [Fact]
    public void The_token_of_a_task_can_be_asked_for_after_its_end() => RunLoop(async () =>
    {
        LoopTask returned = Loop.CreateTask(UseToken());
        LoopTask cancelled = Loop.CreateTask(UseToken());
        await Loop.Yield();
        cancelled.Cancel();
        await returned;
        await Catch(cancelled);

        returned.CancellationToken.IsCancellationRequested.Should().BeFalse();
        cancelled.CancellationToken.IsCancellationRequested.Should().BeTrue();

        static async Coroutine UseToken()
        {
            Loop.CancellationToken.IsCancellationRequested.Should().BeFalse();
            await Yields(2);
        }
    });

    [Fact]
    public void Code_that_outlives_its_task_can_still_ask_for_the_token() => RunLoop(async () =>
    {
        Task? rest = null;
        await Loop.CreateTask(async () =>
        {
            _ = Loop.CancellationToken;
            rest = Outlive();
            await Loop.Yield();
        });

        await rest!;

        static async Task Outlive()
        {
            await Yields(10);
            Loop.CancellationToken.IsCancellationRequested.Should().BeFalse();
        }
    });
}
