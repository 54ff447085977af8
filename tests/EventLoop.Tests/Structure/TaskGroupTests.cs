namespace EventLoop.Tests.Structure;

[UnderSeeds(50)]
public sealed class TaskGroupTests : LoopTest
{
    private readonly InvalidDataException _failure = new("boom");

    [Fact]
    public void A_group_ends_when_its_body_and_all_its_children_have_ended()
    {
        RunLoop(async () =>
        {
            await TaskGroup.Run(async group =>
            {
                group.StartSoon(Noting(5, "slow"));
                group.StartSoon(Noting(1, "quick"));
                Log.Add("body");
            });
            Log.Add("after");
        });

        Log.Should().Equal("body", "quick", "slow", "after");
    }

    [Theory]
    [InlineData("the body by a gather")]
    [InlineData("the body by a shield")]
    [InlineData("a sibling by a gather")]
    [InlineData("a sibling by a shield")]
    public void A_child_that_fails_while_a_combinator_waits_for_it_fails_the_group(string who)
    {
        foreach (int after in new[] { 0, 1, 2 })
        {
            // Not under the options of other tests: what is watched has details, and this is about a task that has none.
            Exception? thrown = null;
            Loop.Run(async Coroutine () => thrown = await Catch(TaskGroup.Run(async Coroutine (group) =>
            {
                var failing = group.CreateTask(ThrowAfter<int>(after, _failure));
                var other = group.CreateTask(After(9, 1));
                async Coroutine Combined() => await (who.EndsWith("gather", StringComparison.Ordinal) ? GatherBoth() : Loop.Shield(failing));
                async Coroutine<int> GatherBoth() => (await Loop.Gather(failing, other))[0];
                if (who.StartsWith("the body", StringComparison.Ordinal))
                {
                    await Combined();
                }
                else
                {
                    group.StartSoon(Combined());
                }
            })));
            thrown.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
        }
    }

    [Fact]
    public void A_group_gives_the_value_of_its_body() => RunLoop(async () =>
    {
        int sum = await TaskGroup.Run(async group =>
        {
            LoopTask<int> a = group.CreateTask(After(3, 1));
            LoopTask<int> b = group.CreateTask(After(1, 2));
            return await a + await b;
        });

        sum.Should().Be(3);
    });

    [Fact]
    public void A_group_takes_an_async_Task_body() => RunLoop(async () =>
    {
        (await TaskGroup.Run(Body)).Should().Be(5);

        static async Task<int> Body(TaskGroup group)
        {
            LoopTask<int> child = group.CreateTask(After(3, 5));
            return await child;
        }
    });

    [Fact]
    public void A_group_without_children_takes_no_turn() => RunLoop(async () =>
    {
        long turns = Loop.Current.Statistics.Turns;
        await TaskGroup.Run(static async _ => { });

        Loop.Current.Statistics.Turns.Should().Be(turns);
    });

    [Fact]
    public void A_group_whose_children_have_all_ended_takes_no_further_turn() => RunLoop(async () =>
    {
        long turns = 0;
        await TaskGroup.Run(async group =>
        {
            LoopTask child = group.CreateTask(Yields(1));
            await child;
            await Loop.Yield();
            turns = Loop.Current.Statistics.Turns;
        });

        Loop.Current.Statistics.Turns.Should().Be(turns);
    });

    [Fact]
    public void A_child_can_start_further_children()
    {
        RunLoop(async () => await TaskGroup.Run(async group =>
            group.StartSoon(async () =>
            {
                await Loop.Yield();
                group.StartSoon(Noting(3, "grandchild"));
                Log.Add("child");
            })));

        Log.Should().Equal("child", "grandchild");
    }

    [Fact]
    public void A_failing_child_cancels_its_siblings_and_all_are_awaited_before_the_error()
    {
        RunLoop(async () =>
        {
            Exception? error = await Catch(TaskGroup.Run(async group =>
            {
                group.StartSoon(CleaningUp("sibling"));
                group.StartSoon(ThrowAfter(1, _failure));
            }));
            Log.Add(error!.GetType().Name);
        });

        Log.Should().Equal("sibling cleaned up", nameof(AggregateException));
    }

    [Fact]
    public void The_error_of_a_group_holds_every_failure_and_no_cancellation() => RunLoop(async () =>
    {
        var second = new InvalidTimeZoneException();

        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(ThrowAfter(1, _failure));
            group.StartSoon(Forever());
            group.StartSoon(async () =>
            {
                await Catch(Forever());
                throw second;
            });
        }));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure, second);
    });

    [Fact]
    public void A_failing_child_cancels_the_body_at_its_wait() => RunLoop(async () =>
    {
        Exception? inBody = null;
        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(ThrowAfter(1, _failure));
            inBody = await Catch(Forever());
        }));

        inBody.Should().BeOfType<LoopCanceledException>();
        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
    });

    [Fact]
    public void A_body_that_swallows_the_cancellation_does_not_swallow_the_error_of_the_group() => RunLoop(async () =>
    {
        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(ThrowAfter(1, _failure));
            try
            {
                await Forever();
            }
            catch (Exception)
            {
                await Yields(3);
            }

            return 5;
        }));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
    });

    [Fact]
    public void A_failing_body_cancels_the_children_and_its_failure_is_in_the_error() => RunLoop(async () =>
    {
        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(CleaningUp("child"));
            await Loop.Yield();
            throw _failure;
        }));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
        Log.Should().Equal("child cleaned up");
    });

    [Fact]
    public void A_lone_failure_of_the_body_is_in_an_AggregateException_too() => RunLoop(async () =>
        (await Catch(TaskGroup.Run(async _ => throw _failure))).Should().BeOfType<AggregateException>()
            .Which.InnerExceptions.Should().Equal(_failure));

    [Fact]
    public void A_childs_failure_that_the_body_awaited_and_let_escape_is_in_the_error_once() => RunLoop(async () =>
    {
        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            LoopTask child = group.CreateTask(ThrowAfter(1, _failure));
            await child;
        }));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Siblings_are_cancelled_in_creation_order()
    {
        RunLoop(async () => await Catch(TaskGroup.Run(async group =>
        {
            foreach (string name in new[] { "a", "b", "c" })
            {
                group.StartSoon(CleaningUp(name));
            }

            group.StartSoon(ThrowAfter(1, _failure));
        })));

        Log.Should().Equal("a cleaned up", "b cleaned up", "c cleaned up");
    }

    [Fact]
    public void A_child_cancelled_on_its_own_is_no_failure() => RunLoop(async () =>
    {
        int value = await TaskGroup.Run(async group =>
        {
            LoopTask cancelled = group.CreateTask(Forever());
            LoopTask<int> other = group.CreateTask(After(5, 5));
            await Loop.Yield();
            cancelled.Cancel();
            return await other;
        });

        value.Should().Be(5);
    });

    [Fact]
    public void An_unrelated_OperationCanceledException_of_a_child_is_a_failure_of_the_group() => RunLoop(async () =>
    {
        var httpTimeout = new TaskCanceledException("HTTP timeout");

        Exception? error = await Catch(TaskGroup.Run(async group => group.StartSoon(ThrowAfter(1, httpTimeout))));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(httpTimeout);
    });

    [Fact]
    public void The_failures_of_children_are_retrieved_by_the_group()
    {
        RunLoop(async () => await Catch(TaskGroup.Run(async group => group.StartSoon(ThrowAfter(1, _failure)))));

        Reported.Should().BeEmpty();
    }

    [Fact]
    public void The_cancel_count_of_the_task_is_restored_after_a_failed_group() => RunLoop(async () =>
    {
        await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(ThrowAfter(1, _failure));
            await Forever();
        }));

        Loop.CurrentTask!.CancelRequests.Should().Be(0);
        await Yields(3);
    });

    [Fact]
    public void A_group_that_has_ended_takes_no_more_children() => RunLoop(async () =>
    {
        TaskGroup? ended = null;
        await TaskGroup.Run(async group => ended = group);

        Assert.Throws<InvalidOperationException>(() => { _ = ended!.CreateTask(Yields(1)); });
    });

    [Fact]
    public void An_aborting_group_takes_no_more_children() => RunLoop(async () =>
    {
        Exception? refused = null;
        await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(ThrowAfter(1, _failure));
            await Catch(Forever());
            refused = Record.Exception(() => { _ = group.CreateTask(Yields(1)); });
        }));

        refused.Should().BeOfType<InvalidOperationException>();
    });

    [Fact]
    public void An_eager_child_that_fails_in_its_first_step_aborts_the_group() => RunLoop(async () =>
    {
        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            _ = group.CreateTask(ThrowAfter(0, _failure), eager: true);
            await Forever();
        }));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
    });

    [Fact]
    public void Tasks_lists_the_unfinished_children() => RunLoop(async () => await TaskGroup.Run(async group =>
    {
        LoopTask first = group.CreateTask(Yields(1), "first");
        LoopTask second = group.CreateTask(Yields(20), "second");
        group.Tasks.Should().Equal(first, second);
        await first;

        group.Tasks.Should().Equal(second);
    }));

    [Fact]
    public void A_nested_group_reports_its_error_to_the_outer_one_without_being_flattened() => RunLoop(async () =>
    {
        Exception? error = await Catch(TaskGroup.Run(async outer =>
            outer.StartSoon(async () => await TaskGroup.Run(async inner => inner.StartSoon(ThrowAfter(1, _failure))))));

        error.Should().BeOfType<AggregateException>().Which.InnerException.Should().BeOfType<AggregateException>()
            .Which.InnerExceptions.Should().Equal(_failure);
    });

    [Fact]
    public void A_group_outside_a_task_throws() => RunLoop(async () =>
    {
        LoopFuture<Exception?> thrown = Loop.Current.CreateFuture<Exception?>();
        Loop.Current.CallSoon(() =>
        {
            try
            {
                thrown.SetResult(TaskGroup.Run(static async _ => { }).AsTask().Exception?.InnerException);
            }
            catch (Exception exception)
            {
                thrown.SetResult(exception);
            }
        });

        (await thrown).Should().BeOfType<InvalidOperationException>();
    });

    private async Coroutine Noting(int yields, string name)
    {
        await Yields(yields);
        Log.Add(name);
    }

    private async Coroutine CleaningUp(string name)
    {
        try
        {
            await Forever();
        }
        finally
        {
            await Yields(3);
            Log.Add($"{name} cleaned up");
        }
    }
}
