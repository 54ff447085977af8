namespace EventLoop.Tests.Structure;

/// <summary>Ending a group early on purpose, and children that report when they are up.</summary>
[UnderSeeds(50)]
public sealed class TaskGroupCancelTests : LoopTest
{
    [Fact]
    public void Cancel_ends_the_body_and_the_children_and_is_no_error() => RunLoop(async () =>
    {
        await TaskGroup.Run(async group =>
        {
            group.StartSoon(CleaningUp());
            await Loop.Yield();
            group.Cancel();
            await Loop.Yield();
            Log.Add("must not get here");
        });

        Log.Should().Equal("cleaned up");
        Loop.CurrentTask!.CancelRequests.Should().Be(0);
        await Yields(2);
    });

    [Fact]
    public void Cancel_by_a_child_ends_the_group() => RunLoop(async () =>
    {
        await TaskGroup.Run(async group =>
        {
            group.StartSoon(async () =>
            {
                await Loop.Yield();
                group.Cancel();
            });
            await Forever();
        });
    });

    [Fact]
    public void CancelCalled_says_whether_the_group_was_cancelled() => RunLoop(async () => await TaskGroup.Run(async group =>
    {
        group.CancelCalled.Should().BeFalse();
        group.Cancel();
        group.Cancel("twice does nothing");
        group.CancelCalled.Should().BeTrue();
    }));

    [Fact]
    public void After_Cancel_the_value_of_the_body_is_given_if_it_returned_one() => RunLoop(async () =>
    {
        int value = await TaskGroup.Run(async group =>
        {
            group.StartSoon(Forever());
            group.Cancel();
            return 5;
        });

        value.Should().Be(5);
    });

    [Fact]
    public void After_Cancel_a_body_that_did_not_return_its_value_gives_LoopCanceledException() => RunLoop(async () =>
    {
        Exception? thrown = await Catch(TaskGroup.Run(async group =>
        {
            group.Cancel();
            await Loop.Yield();
            return 5;
        }));

        thrown.Should().BeOfType<LoopCanceledException>();
        Loop.CurrentTask!.CancelRequests.Should().Be(0);
    });

    [Fact]
    public void A_cancellation_from_outside_is_not_swallowed_by_a_cancelled_group() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            await TaskGroup.Run(async group =>
            {
                group.Cancel();
                Loop.CurrentTask!.Cancel("outside");
                await Loop.Yield();
            });
            await Loop.Yield();
            Log.Add("must not get here");
        });

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        task.IsCanceled.Should().BeTrue();
        Log.Should().BeEmpty();
    });

    [Fact]
    public void Cancel_by_the_cleanup_of_a_cancelled_scope_inside_is_no_error_either() => RunLoop(async () =>
    {
        await TaskGroup.Run(async group =>
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
                    group.Cancel();
                }
            });
        });

        Loop.CurrentTask!.CancelRequests.Should().Be(0);
        await Yields(2);
    });

    [Fact]
    public void A_failure_in_a_cancelled_group_is_still_an_error() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(async () =>
            {
                await Catch(Forever());
                throw failure;
            });
            await Loop.Yield();
            group.Cancel();
        }));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(failure);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_group_that_ends_while_a_child_is_started_cancels_that_child_once(bool byFailure) => RunLoop(async () =>
    {
        bool cleaned = false;
        await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(async () =>
            {
                await Yields(5);
                if (byFailure)
                {
                    throw new IOException();
                }

                group.Cancel();
            });
            await group.StartAsync<int>(async _ =>
            {
                try
                {
                    await Forever();
                }
                finally
                {
                    await Yields(10);
                    cleaned = true;
                }
            });
        }));
        cleaned.Should().BeTrue();
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_body_that_was_handed_something_to_start_a_child_for_when_its_group_was_cancelled_has_not_failed(bool hasResult) => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        async Coroutine Body(TaskGroup group)
        {
            group.StartSoon(async () =>
            {
                await Yields(3);
                queue.TryPut(1);
                group.Cancel("enough");
            });
            int given = await queue.GetAsync();
            group.StartSoon(() => Yields(given));
        }

        if (hasResult)
        {
            (await Catch(TaskGroup.Run(async Coroutine<int> (group) =>
            {
                await Body(group);
                return 1;
            }))).Should().BeOfType<LoopCanceledException>().Which.Message.Should().Contain("enough");
        }
        else
        {
            await TaskGroup.Run(Body);
        }

        await Yields(2);
    });

    [Fact]
    public void A_body_that_starts_a_child_after_it_has_seen_the_cancellation_has_failed() => RunLoop(async () =>
    {
        var failed = await Catch(TaskGroup.Run(async group =>
        {
            group.Cancel();
            await Catch(Forever());
            group.StartSoon(() => Yields(1));
        }));
        failed.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().ContainSingle().Which.Should().BeOfType<InvalidOperationException>();
    });

    [Fact]
    public void StartAsync_waits_until_the_child_calls_started_and_gives_its_value() => RunLoop(async () =>
    {
        await TaskGroup.Run(async group =>
        {
            int port = await group.StartAsync<int>(async started =>
            {
                await Yields(3);
                started(8080);
                await Yields(3);
                Log.Add("child ends");
            });
            Log.Add($"{port}");
        });

        Log.Should().Equal("8080", "child ends");
    });

    [Fact]
    public void StartAsync_throws_when_the_child_ends_without_having_called_started() => RunLoop(async () =>
    {
        Exception? thrown = null;
        await Catch(TaskGroup.Run(async group => thrown = await Catch(group.StartAsync<int>(static async _ => await Yields(2)))));

        thrown.Should().BeOfType<InvalidOperationException>();
    });

    [Fact]
    public void StartAsync_throws_the_failure_of_a_child_that_did_not_get_up() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        Exception? error = await Catch(TaskGroup.Run(async group => await group.StartAsync<int>(_ => ThrowAfter(2, failure))));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(failure);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_failure_of_a_child_that_did_not_get_up_is_its_starters_and_the_group_goes_on(bool atOnce) => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        await TaskGroup.Run(async group =>
        {
            var other = group.CreateTask(async () => await Yields(20));
            (await Catch(group.StartAsync<int>(_ => atOnce ? throw failure : ThrowAfter(2, failure)))).Should().BeSameAs(failure);

            (await group.StartAsync<int>(async started =>
            {
                started(7);
                await Yields(1);
            })).Should().Be(7);
            await other;
        });
    });

    [Fact]
    public void The_failure_of_a_child_after_it_has_started_is_the_groups() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            await group.StartAsync<int>(async started =>
            {
                started(1);
                await ThrowAfter(1, failure);
            });
            await Forever();
        }));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(failure);
    });

    [Fact]
    public void The_failure_of_a_child_whose_starter_was_cancelled_is_the_groups() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        Exception? error = await Catch(TaskGroup.Run(async group =>
        {
            var starter = Loop.CreateTask(async () => await group.StartAsync<int>(async _ =>
            {
                try
                {
                    await Forever();
                }
                finally
                {
                    throw failure;
                }
            }));
            await Yields(3);
            starter.Cancel();
            (await Catch(starter.AsCoroutine())).Should().BeOfType<LoopCanceledException>();
            await Forever();
        }));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(failure);
    });

    private async Coroutine CleaningUp()
    {
        try
        {
            await Forever();
        }
        finally
        {
            Log.Add("cleaned up");
        }
    }
}
