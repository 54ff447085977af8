namespace EventLoop.Tests.Structure;

/// <summary>Cancellations from outside, and exits, that meet a group.</summary>
[UnderSeeds(50)]
public sealed class TaskGroupInterruptionTests : LoopTest
{
    private readonly InvalidDataException _failure = new("boom");

    [Fact]
    public void Cancelling_the_task_cancels_the_children_awaits_them_and_throws_the_cancellation() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () => await TaskGroup.Run(async group =>
        {
            group.StartSoon(CleaningUp("child"));
            await Forever();
        }));
        await Yields(2);
        task.Cancel("outside");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("outside");
        Log.Should().Equal("child cleaned up");
    });

    [Fact]
    public void Cancelling_the_task_while_the_group_joins_cancels_the_children() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () => await TaskGroup.Run(async group => group.StartSoon(CleaningUp("child"))));
        await Yields(2);
        task.Cancel("outside");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("child cleaned up");
    });

    [Fact]
    public void A_failure_during_a_cancellation_from_outside_is_not_lost() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () => await TaskGroup.Run(async group => group.StartSoon(async () =>
        {
            await Catch(Forever());
            throw _failure;
        })));
        await Yields(2);
        task.Cancel("outside");

        (await Catch(task)).Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
    });

    [Fact]
    public void The_join_of_an_aborting_group_is_deaf_to_more_cancellation_which_is_kept_for_after_it() => RunLoop(async () =>
    {
        LoopFuture release = Loop.Current.CreateFuture();
        LoopTask<(Exception? Error, Exception? After)> task = Loop.CreateTask(async () =>
        {
            Exception? error = await Catch(TaskGroup.Run(async group =>
            {
                group.StartSoon(ThrowAfter(1, _failure));
                group.StartSoon(async () =>
                {
                    await Catch(Forever());
                    await release;
                    Log.Add("cleaned up");
                });
            }));
            return (error, await Catch(Loop.Yield()));
        });
        await Yields(5);

        task.Cancel("outside");
        await Yields(5);
        task.IsCompleted.Should().BeFalse("the join goes on until the child has cleaned up");
        release.SetResult();

        (Exception? error, Exception? after) = await task;
        Log.Should().Equal("cleaned up");
        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
        after.Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("outside");
    });

    [Fact]
    public void LoopExitException_of_a_child_leaves_the_group_bare_after_the_rest_was_cancelled_and_awaited()
    {
        Assert.Throws<LoopExitException>(() => RunLoop(async () => await TaskGroup.Run(async group =>
        {
            group.StartSoon(CleaningUp("sibling"));
            group.StartSoon(ThrowAfter(1, new LoopExitException(3)));
        }))).ExitCode.Should().Be(3);

        Log.Should().Equal("sibling cleaned up");
    }

    [Fact]
    public void LoopExitException_of_the_body_leaves_the_group_bare()
    {
        Assert.Throws<LoopExitException>(() => RunLoop(async () => await TaskGroup.Run(async group =>
        {
            group.StartSoon(CleaningUp("child"));
            await Loop.Yield();
            throw new LoopExitException(4);
        }))).ExitCode.Should().Be(4);

        Log.Should().Equal("child cleaned up");
    }

    [Fact]
    public void A_failure_in_a_group_that_an_enclosing_scope_cancelled_leaves_no_cancellation_behind_that_scope() => RunLoop(async () =>
    {
        Exception? error = await Catch(CancelScope.MoveOnAfter(Seconds(1), async _ => await TaskGroup.Run(async group => group.StartSoon(async () =>
        {
            await Catch(Forever());
            throw _failure;
        }))));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
        Loop.CurrentTask!.CancelRequests.Should().Be(0);
        (await Catch(Loop.Yield())).Should().BeNull();
    }, JumpingTime);

    [Fact]
    public void A_failure_in_a_group_whose_body_awaited_a_task_that_was_cancelled_on_its_own_leaves_no_cancellation_behind() => RunLoop(async () =>
    {
        LoopTask cancelled = Loop.CreateTask(Forever());
        cancelled.Cancel();

        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(async () =>
            {
                await Catch(Forever());
                throw _failure;
            });
            await cancelled;
        }));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
        (await Catch(Loop.Yield())).Should().BeNull("nobody has asked for the cancellation of this task");
    });

    [OneSchedule("it states the order first in, first out")]
    [Fact]
    public void A_group_tells_its_children_before_its_body() => RunLoop(async () =>
    {
        foreach (bool byFailure in new[] { false, true })
        {
            List<string> told = [];
            await Catch(TaskGroup.Run(async group =>
            {
                group.StartSoon(Telling(told, "first"));
                group.StartSoon(Telling(told, "second"));
                if (byFailure)
                {
                    group.StartSoon(ThrowAfter(3, _failure));
                }
                else
                {
                    Loop.Current.CallLater(Seconds(1), () => group.Cancel());
                }

                await Telling(told, "body");
            }));

            told.Should().Equal("first", "second", "body");
        }
    });

    [OneSchedule("it states the order first in, first out")]
    [Fact]
    public void A_scope_around_a_group_tells_the_children_before_the_body() => RunLoop(async () =>
    {
        List<string> told = [];
        await CancelScope.MoveOnAfter(Seconds(1), async _ => await TaskGroup.Run(async group =>
        {
            group.StartSoon(Telling(told, "first"));
            group.StartSoon(async () => await CancelScope.Run(async _ => await Telling(told, "second")));
            await Telling(told, "body");
        }));

        told.Should().HaveCount(3).And.HaveElementAt(2, "body");
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_timeout_that_comes_while_a_cancelled_group_waits_for_its_children_is_thrown_when_they_have_ended(bool level) => RunLoop(async () =>
    {
        Coroutine group = TaskGroup.Run(async group =>
        {
            group.StartSoon(Shielded("child"));
            await Loop.Yield();
            group.Cancel();
        });
        if (level)
        {
            (await CancelScope.MoveOnAfter(Seconds(1), async _ => await group)).Should().BeFalse();
        }
        else
        {
            (await Catch(Loop.WaitFor(group, Seconds(1)))).Should().BeOfType<TimeoutException>();
        }

        Log.Should().Equal("child cleaned up");
        Loop.CurrentTask!.CancelRequests.Should().Be(0);
    });

    [Fact]
    public void A_cancellation_of_the_task_that_comes_while_a_cancelled_group_waits_for_its_children_is_thrown_when_they_have_ended() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () => await TaskGroup.Run(async group =>
        {
            group.StartSoon(Shielded("child"));
            await Loop.Yield();
            group.Cancel();
            return 1;
        }));
        await Loop.Sleep(Seconds(1));
        task.Cancel("outside");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("outside");
        Log.Should().Equal("child cleaned up");
    });

    [Fact]
    public void A_child_that_fails_inside_its_eager_first_step_takes_effect_at_the_bodys_next_wait() => RunLoop(async () =>
    {
        LoopTask? second = null;
        Exception? inBody = null;
        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            LoopTask failed = group.CreateTask(ThrowAfter(0, _failure), eager: true);
            failed.IsFaulted.Should().BeTrue();
            second = group.CreateTask(Forever());
            inBody = await Catch(Loop.Yield());
            Assert.Throws<InvalidOperationException>(() => group.StartSoon(Forever()));
        }));

        inBody.Should().BeOfType<LoopCanceledException>();
        second!.IsCanceled.Should().BeTrue();
        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
        Loop.CurrentTask!.CancelRequests.Should().Be(0);
    });

    [Fact]
    public void A_child_that_was_given_something_to_start_another_for_when_its_group_was_cancelled_has_not_failed() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        await TaskGroup.Run(async group =>
        {
            group.StartSoon(async () =>
            {
                while (true)
                {
                    Log.Add((await queue.GetAsync()).ToString());
                    group.StartSoon(Forever());
                }
            });
            await Yields(3);
            queue.TryPut(1);
            group.Cancel();
        });
        Log.Should().Equal("1");
    });

    [Fact]
    public void A_child_that_fails_inside_its_eager_first_step_fails_a_group_whose_body_waits_no_more_or_waits_already() => RunLoop(async () =>
    {
        Exception? atTheEnd = await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(Forever());
            _ = group.CreateTask(ThrowAfter(0, _failure), eager: true);
        }));
        Exception? byAnother = await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(async () =>
            {
                await Loop.Yield();
                _ = group.CreateTask(ThrowAfter(0, _failure), eager: true);
                group.StartSoon(Forever());
            });
            await Forever();
        }));

        atTheEnd.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
        byAnother.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(_failure);
    });

    private static async Coroutine Telling(List<string> told, string name)
    {
        try
        {
            await Forever();
        }
        finally
        {
            told.Add(name);
        }
    }

    private async Coroutine Shielded(string name) => await CancelScope.Run(async _ =>
    {
        await Loop.Sleep(Seconds(3));
        Log.Add($"{name} cleaned up");
    }, shield: true);

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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_awaits_the_child_that_fails_is_cancelled_at_the_next_wait(bool isBody) => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            var child = group.CreateTask(ThrowAfter(1, failure));
            if (!isBody)
            {
                group.StartSoon(AwaitAndGoOn);
                return;
            }

            await AwaitAndGoOn();

            async Coroutine AwaitAndGoOn()
            {
                (await Catch(child)).Should().BeSameAs(failure);
                Log.Add("caught");
                await Forever();
            }
        }));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(failure);
        Log.Should().Equal("caught");
    });
}
