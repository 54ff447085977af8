namespace EventLoop.Tests.Structure;

[UnderSeeds(50)]
public sealed class CancelScopeTests : LoopTest
{
    [Fact]
    public void A_body_that_runs_to_its_end_gives_true() => RunLoop(async () =>
    {
        var scope = new CancelScope();

        (await scope.RunAsync(static () => Yields(2))).Should().BeTrue();
        (scope.CancelCalled, scope.CanceledCaught).Should().Be((false, false));
    });

    [Fact]
    public void A_scope_that_absorbed_its_own_cancellation_gives_false() => RunLoop(async () =>
    {
        var scope = new CancelScope();

        bool ended = await scope.RunAsync(async () =>
        {
            scope.Cancel();
            await Loop.Yield();
            Log.Add("must not get here");
        });

        ended.Should().BeFalse();
        (scope.CancelCalled, scope.CanceledCaught).Should().Be((true, true));
        Log.Should().BeEmpty();
    });

    [Fact]
    public void A_body_with_a_value_gives_an_outcome() => RunLoop(async () =>
    {
        Outcome<int> ended = await CancelScope.Run(static _ => After(2, 5));
        Outcome<int> cancelled = await CancelScope.Run(static async scope =>
        {
            scope.Cancel("why");
            await Loop.Yield();
            return 5;
        });

        ended.Value.Should().Be(5);
        cancelled.IsCanceled.Should().BeTrue();
        cancelled.Exception.Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
    });

    [Fact]
    public void An_async_Task_body_runs_in_a_scope() => RunLoop(async () =>
    {
        var scope = new CancelScope();

        (await scope.RunAsync(Body)).Should().BeFalse();

        async Task Body()
        {
            scope.Cancel();
            await Loop.Yield();
        }
    });

    [Fact]
    public void A_cancelled_scope_is_level_triggered_every_wait_in_it_throws() => RunLoop(async () =>
    {
        int thrown = 0;
        await CancelScope.Run(async scope =>
        {
            scope.Cancel();
            for (int i = 0; i < 5; i++)
            {
                thrown += await Catch(Loop.Sleep(0)) is LoopCanceledException ? 1 : 0;
            }
        });

        thrown.Should().Be(5);
    });

    [Fact]
    public void A_body_that_swallows_the_cancellation_and_ends_ran_to_its_end() => RunLoop(async () =>
    {
        var scope = new CancelScope();

        bool ended = await scope.RunAsync(async () =>
        {
            scope.Cancel();
            await Catch(Loop.Yield());
        });

        ended.Should().BeTrue();
        (scope.CancelCalled, scope.CanceledCaught).Should().Be((true, false));
    });

    [Fact]
    public void After_a_cancelled_scope_waits_work_again_and_no_request_is_left() => RunLoop(async () =>
    {
        await CancelScope.Run(static async scope =>
        {
            scope.Cancel();
            await Loop.Yield();
        });

        await Yields(3);
        Loop.CurrentTask!.CancelRequests.Should().Be(0);
        Loop.CancellationToken.IsCancellationRequested.Should().BeFalse();
    });

    [Fact]
    public void A_scope_cancelled_before_its_body_starts_throws_at_the_first_wait() => RunLoop(async () =>
    {
        var scope = new CancelScope();
        scope.Cancel();

        bool ended = await scope.RunAsync(async () =>
        {
            Log.Add("started");
            await Loop.Yield();
            Log.Add("must not get here");
        });

        ended.Should().BeFalse();
        Log.Should().Equal("started");
    });

    [Fact]
    public void A_scope_can_be_cancelled_by_another_task_while_its_body_waits() => RunLoop(async () =>
    {
        var scope = new CancelScope();
        LoopTask<bool> task = Loop.CreateTask(async () => await scope.RunAsync(Forever));
        await Loop.Yield();

        scope.Cancel();

        (await task).Should().BeFalse();
    });

    [Fact]
    public void A_scope_runs_once() => RunLoop(async () =>
    {
        var scope = new CancelScope();
        await scope.RunAsync(static () => Yields(1));

        (await Catch(Again())).Should().BeOfType<InvalidOperationException>();

        async Coroutine Again() => await scope.RunAsync(static () => Yields(1));
    });

    [Fact]
    public void A_failure_of_the_body_is_passed_on() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        (await Catch(CancelScope.Run(_ => ThrowAfter(1, failure)))).Should().BeSameAs(failure);
        (await Catch(CancelScope.Run(scope =>
        {
            scope.Cancel();
            return ThrowAfter(0, failure);
        }))).Should().BeSameAs(failure);
    });

    [Fact]
    public void A_scope_does_not_absorb_the_cancellation_of_its_task() => RunLoop(async () =>
    {
        var scope = new CancelScope();
        LoopTask task = Loop.CreateTask(async () => await scope.RunAsync(Forever));
        await Loop.Yield();
        task.Cancel("outside");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("outside");
        (scope.CancelCalled, scope.CanceledCaught).Should().Be((false, false));
    });

    [Fact]
    public void An_inner_scope_does_not_absorb_the_cancellation_of_an_outer_one() => RunLoop(async () =>
    {
        var inner = new CancelScope();
        bool ended = await CancelScope.Run(async outer =>
        {
            await inner.RunAsync(async () =>
            {
                outer.Cancel();
                await Loop.Yield();
            });
            Log.Add("must not get here");
        });

        ended.Should().BeFalse();
        inner.CanceledCaught.Should().BeFalse();
        Log.Should().BeEmpty();
    });

    [Fact]
    public void An_outer_scope_that_the_cleanup_of_a_cancelled_inner_one_cancels_absorbs_what_leaves_it() => RunLoop(async () =>
    {
        var inner = new CancelScope();
        bool ended = await CancelScope.Run(async outer =>
        {
            await inner.RunAsync(async () =>
            {
                inner.Cancel();
                try
                {
                    await Forever();
                }
                finally
                {
                    outer.Cancel();
                }
            });
            Log.Add("must not get here");
        });

        ended.Should().BeFalse();
        inner.CanceledCaught.Should().BeFalse();
        Log.Should().BeEmpty();
        await Yields(2);
    });

    [Fact]
    public void Of_nested_scopes_that_cleanup_code_cancels_the_outermost_absorbs_what_leaves_them() => RunLoop(async () =>
    {
        CancelScope middle = new(), inner = new();
        bool ended = await CancelScope.Run(async outer =>
        {
            await middle.RunAsync(async () =>
            {
                await inner.RunAsync(async () =>
                {
                    inner.Cancel();
                    try
                    {
                        await Forever();
                    }
                    finally
                    {
                        await CancelScope.Run(async _ =>
                        {
                            middle.Cancel();
                            outer.Cancel();
                            await Loop.Yield();
                        }, shield: true);
                    }
                });
            });
        });

        ended.Should().BeFalse();
        (inner.CanceledCaught, middle.CanceledCaught).Should().Be((false, false));
    });

    [Fact]
    public void An_outer_scope_goes_on_when_an_inner_one_was_cancelled() => RunLoop(async () =>
    {
        bool ended = await CancelScope.Run(async _ =>
        {
            bool inner = await CancelScope.Run(async scope =>
            {
                scope.Cancel();
                await Loop.Yield();
            });
            inner.Should().BeFalse();
            await Loop.Yield();
        });

        ended.Should().BeTrue();
    });

    [Fact]
    public void A_scope_that_was_cancelled_together_with_its_task_lets_the_cancellation_of_the_task_through() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            await CancelScope.Run(async scope =>
            {
                scope.Cancel();
                Loop.CurrentTask!.Cancel("outside");
                await Loop.Yield();
            });
            await Loop.Yield();
            Log.Add("must not get here");
        });
        await Catch(task);

        task.IsCanceled.Should().BeTrue();
        Log.Should().BeEmpty();
    });

    [Fact]
    public void Cancel_is_idempotent() => RunLoop(async () =>
    {
        bool ended = await CancelScope.Run(static async scope =>
        {
            scope.Cancel("first");
            scope.Cancel("second");
            await Loop.Yield();
        });

        ended.Should().BeFalse();
        Loop.CurrentTask!.CancelRequests.Should().Be(0);
    });

    [Fact]
    public void Loop_CancellationToken_inside_a_scope_is_the_token_of_the_scope() => RunLoop(async () =>
    {
        await CancelScope.Run(static async scope => Loop.CancellationToken.Should().Be(scope.Token));
    });

    [Fact]
    public void The_token_of_a_scope_fires_with_an_outer_scope_and_with_the_task() => RunLoop(async () =>
    {
        CancellationToken byScope = default, byTask = default;
        await CancelScope.Run(async outer => await CancelScope.Run(async inner =>
        {
            byScope = inner.Token;
            outer.Cancel();
        }));
        LoopTask task = Loop.CreateTask(async () => await CancelScope.Run(async scope =>
        {
            byTask = scope.Token;
            await Forever();
        }));
        await Loop.Yield();
        task.Cancel();
        await Catch(task);

        byScope.IsCancellationRequested.Should().BeTrue();
        byTask.IsCancellationRequested.Should().BeTrue();
    });

    [Fact]
    public void An_OperationCanceledException_with_the_token_of_the_scope_is_the_cancellation_of_the_scope() => RunLoop(async () =>
    {
        bool ended = await CancelScope.Run(static async scope =>
        {
            Loop.Current.CallSoon(() => scope.Cancel());
            await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, scope.Token);
        });

        ended.Should().BeFalse();
    });

    [Fact]
    public void A_child_of_a_group_in_a_cancelled_scope_whose_foreign_wait_took_the_token_of_its_own_scope_is_canceled() => RunLoop(async () =>
    {
        LoopTask? child = null;
        await CancelScope.Run(async outer =>
        {
            await TaskGroup.Run(async group =>
            {
                var cleanedUp = new TaskCompletionSource();
                child = group.CreateTask(async () =>
                {
                    try
                    {
                        await CancelScope.Run(static async _ => await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, Loop.CancellationToken));
                    }
                    finally
                    {
                        cleanedUp.SetResult();
                    }
                });
                await Yields(2);
                outer.Cancel();
                await cleanedUp.Task;      // a foreign wait, so that the group does not cancel the child before it has ended by itself
            });
        });

        child!.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void An_unrelated_OperationCanceledException_passes_a_scope() => RunLoop(async () =>
    {
        var unrelated = new OperationCanceledException("mine");

        (await Catch(CancelScope.Run(_ => ThrowAfter(1, unrelated)))).Should().BeSameAs(unrelated);
    });

    [Fact]
    public void The_children_of_a_group_inherit_the_scopes_that_the_group_was_started_in() => RunLoop(async () =>
    {
        int interrupted = 0;
        bool ended = await CancelScope.Run(async scope => await TaskGroup.Run(async group =>
        {
            group.StartSoon(async () =>
            {
                for (int i = 0; i < 3; i++)
                {
                    interrupted += await Catch(Forever()) is LoopCanceledException ? 1 : 0;
                }
            });
            await Loop.Yield();
            scope.Cancel();
            await Forever();
        }));

        ended.Should().BeFalse();
        interrupted.Should().Be(3, "the child is in the cancelled scope, level-triggered");
    });

    [Fact]
    public void A_task_created_in_a_scope_outlives_its_cancellation() => RunLoop(async () =>
    {
        LoopTask<int>? task = null;
        await CancelScope.Run(async scope =>
        {
            task = Loop.CreateTask(After(10, 5));
            scope.Cancel();
            await Loop.Yield();
        });

        (await task!).Should().Be(5);
    });

    [Fact]
    public void A_scope_outside_a_task_throws() => RunLoop(async () =>
    {
        LoopFuture<Exception?> thrown = Loop.Current.CreateFuture<Exception?>();
        Loop.Current.CallSoon(() =>
        {
            try
            {
                thrown.SetResult(new CancelScope().RunAsync(static () => Yields(1)).AsTask().Exception?.InnerException);
            }
            catch (Exception exception)
            {
                thrown.SetResult(exception);
            }
        });

        (await thrown).Should().BeOfType<InvalidOperationException>();
    });

    [Fact]
    public void The_token_of_a_scope_can_be_asked_for_after_it_was_left() => RunLoop(async () =>
    {
        var returned = new CancelScope();
        var cancelled = new CancelScope();
        await returned.RunAsync(async () =>
        {
            _ = returned.Token;
            await Loop.Yield();
        });
        await cancelled.RunAsync(async () =>
        {
            _ = cancelled.Token;
            cancelled.Cancel();
            await Loop.Yield();
        });

        returned.Token.IsCancellationRequested.Should().BeFalse();
        cancelled.Token.IsCancellationRequested.Should().BeTrue();
    });
}
