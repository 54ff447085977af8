namespace EventLoop.Tests.Combining;

[UnderSeeds(50)]
public sealed class GatherTests : LoopTest
{
    private readonly InvalidDataException _failure = new("boom");

    [Fact]
    public void Gather_gives_the_results_in_the_order_of_its_arguments() => RunLoop(async () =>
        (await Loop.Gather(After(5, 1), After(1, 2), After(3, 3))).Should().Equal(1, 2, 3));

    [Fact]
    public void Gather_of_nothing_gives_nothing() => RunLoop(async () =>
        (await Loop.Gather(Array.Empty<Coroutine<int>>())).Should().BeEmpty());

    [Fact]
    public void Gather_runs_its_coroutines_concurrently()
    {
        RunLoop(async () =>
        {
            TimeSpan start = Loop.Current.Time;
            await Loop.Gather(Loop.Sleep(Seconds(1)), Loop.Sleep(Seconds(2)), Loop.Sleep(Seconds(3)));

            (Loop.Current.Time - start).Should().Be(Seconds(3));
        }, JumpingTime);
    }

    [Fact]
    public void Gather_makes_its_coroutines_tasks_at_the_call() => RunLoop(async () =>
    {
        Coroutine<int[]> gather = Loop.Gather(After(1, 1), After(1, 2));

        Loop.AllTasks().Should().HaveCount(3);
        await gather;
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Gather_runs_its_coroutines_although_it_is_not_awaited_yet()
    {
        RunLoop(async () =>
        {
            Coroutine gather = Loop.Gather(Noting("a"), Noting("b"));
            await Yields(3);
            Log.Add("before await");
            await gather;
        });

        Log.Should().Equal("a", "b", "before await");
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Gather_starts_its_children_in_the_order_of_its_arguments()
    {
        RunLoop(async () => await Loop.Gather(Noting("a"), Noting("b"), Noting("c")));

        Log.Should().Equal("a", "b", "c");
    }

    [Fact]
    public void Gather_of_different_types_gives_a_tuple() => RunLoop(async () =>
    {
        (int number, string text) = await Loop.Gather(After(3, 1), After(1, "two"));
        (number, text).Should().Be((1, "two"));

        (int a, string b, bool c) = await Loop.Gather(After(3, 1), After(1, "two"), After(2, true));
        (a, b, c).Should().Be((1, "two", true));
    });

    [Fact]
    public void Gather_of_tasks_of_different_types_gives_a_tuple() => RunLoop(async () =>
    {
        (int number, string text) = await Loop.Gather(Loop.CreateTask(After(3, 1)), Loop.CreateTask(After(1, "two")));

        (number, text).Should().Be((1, "two"));
    });

    [Fact]
    public void Gather_takes_loop_tasks() => RunLoop(async () =>
        (await Loop.Gather(Loop.CreateTask(After(3, 1)), Loop.CreateTask(After(1, 2)))).Should().Equal(1, 2));

    [Fact]
    public void Gather_takes_futures() => RunLoop(async () =>
    {
        LoopFuture<int> first = Loop.Current.CreateFuture<int>();
        LoopFuture<int> second = Loop.Current.CreateFuture<int>();
        Loop.Current.CallSoon(() => second.SetResult(2));
        Loop.Current.CallSoon(() => first.SetResult(1));

        (await Loop.Gather(first, second)).Should().Equal(1, 2);
    });

    [Fact]
    public void Gather_takes_NET_tasks() => RunLoop(async () =>
        (await Loop.Gather(Task.Run(static () => 1), Task.FromResult(2))).Should().Equal(1, 2));

    [Fact]
    public void Gather_takes_NET_tasks_without_values() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource();
        Task[] tasks = [Task.Run(static () => { }), source.Task];
        Loop.Current.CallSoon(source.SetResult);
        await Loop.Gather(tasks);

        tasks.Should().OnlyContain(static task => task.IsCompletedSuccessfully);
    });

    [Fact]
    public void Gather_takes_a_sequence() => RunLoop(async () =>
        (await Loop.Gather(Enumerable.Range(0, 50).Select(static n => After(n % 5, n)))).Should().Equal(Enumerable.Range(0, 50)));

    [Fact]
    public void Gather_takes_awaitables_of_mixed_kinds() => RunLoop(async () =>
    {
        LoopFuture future = Loop.Current.CreateFuture();
        LoopTask<int> task = Loop.CreateTask(After(2, 1));
        Loop.Current.CallSoon(future.SetResult);

        await Loop.Gather(new LoopAwaitable[] { future, task });

        (future.IsCompleted, task.IsCompleted).Should().Be((true, true));
    });

    [Fact]
    public void Gather_of_the_same_task_twice_gives_its_result_twice() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(After(2, 5));

        (await Loop.Gather(task, task)).Should().Equal(5, 5);
    });

    [Fact]
    public void Gather_of_the_same_coroutine_twice_throws() => RunLoop(async () =>
    {
        Coroutine<int> coroutine = After(2, 5);

        (await Catch(Gathered())).Should().BeOfType<InvalidOperationException>();

        async Coroutine Gathered() => await Loop.Gather(coroutine, coroutine);
    });

    [Fact]
    public void Gather_propagates_the_first_failure_and_lets_the_others_run() => RunLoop(async () =>
    {
        LoopTask<int> slow = Loop.CreateTask(After(10, 5));
        LoopTask<int> failing = Loop.CreateTask(ThrowAfter<int>(1, _failure));

        (await Catch(Loop.Gather(slow, failing))).Should().BeSameAs(_failure);

        slow.IsCompleted.Should().BeFalse("the failure is propagated at once");
        (await slow).Should().Be(5);
    });

    [Fact]
    public void Gather_propagates_the_failure_that_came_first_and_not_the_first_in_order() => RunLoop(async () =>
    {
        var late = new InvalidTimeZoneException();

        (await Catch(Loop.Gather(ThrowAfter<int>(5, late), ThrowAfter<int>(1, _failure)))).Should().BeSameAs(_failure);
        await Yields(10);
    });

    [Fact]
    public void Gather_of_a_task_that_has_failed_already_throws() => RunLoop(async () =>
    {
        LoopTask<int> failed = Loop.CreateTask(ThrowAfter<int>(0, _failure));
        await Yields(2);

        (await Catch(Loop.Gather(failed, Loop.CreateTask(After(3, 1))))).Should().BeSameAs(_failure);
    });

    [Fact]
    public void Cancelling_a_Gather_cancels_its_children() => RunLoop(async () =>
    {
        LoopTask<int> first = Loop.CreateTask(After(1000, 1));
        LoopTask<int> second = Loop.CreateTask(After(1000, 2));
        LoopTask gatherer = Loop.CreateTask(async () => await Loop.Gather(first, second));
        await Yields(2);

        gatherer.Cancel("why");

        (await Catch(gatherer)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
        await Yields(2);
        (first.IsCanceled, second.IsCanceled).Should().Be((true, true));
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_cancelled_Gather_cancels_its_children_in_order()
    {
        RunLoop(async () =>
        {
            LoopTask gatherer = Loop.CreateTask(async () => await Loop.Gather(Cancelled("a"), Cancelled("b"), Cancelled("c")));
            await Yields(2);
            gatherer.Cancel();
            await Catch(gatherer);
            await Yields(2);
        });

        Log.Should().Equal("a", "b", "c");

        async Coroutine Cancelled(string name)
        {
            try
            {
                await Forever();
            }
            finally
            {
                Log.Add(name);
            }
        }
    }

    [Fact]
    public void A_cancelled_Gather_throws_at_once_although_its_children_swallow_the_cancellation() => RunLoop(async () =>
    {
        LoopTask<int> deaf = Loop.CreateTask(async () =>
        {
            await Catch(Forever());
            return await After(20, 5);
        });
        LoopTask gatherer = Loop.CreateTask(async () => await Loop.Gather(deaf));
        await Yields(2);
        gatherer.Cancel();

        (await Catch(gatherer)).Should().BeOfType<LoopCanceledException>();
        deaf.IsCompleted.Should().BeFalse();
        (await deaf).Should().Be(5);
    });

    [Fact]
    public void A_cancelled_Gather_leaves_a_NET_task_alone() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        LoopTask gatherer = Loop.CreateTask(async () => await Loop.Gather(source.Task));
        await Yields(2);
        gatherer.Cancel();

        (await Catch(gatherer)).Should().BeOfType<LoopCanceledException>();
        source.Task.IsCompleted.Should().BeFalse();
    });

    [Fact]
    public void A_child_cancelled_on_its_own_makes_Gather_throw_its_cancellation_and_leaves_the_gathering_task_uncancelled() => RunLoop(async () =>
    {
        LoopTask<int> child = Loop.CreateTask(After(100, 1));
        LoopTask<int> other = Loop.CreateTask(After(5, 2));
        Loop.Current.CallSoon(() => child.Cancel("just this one"));

        (await Catch(Loop.Gather(child, other))).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("just this one");

        Loop.CurrentTask!.CancelRequests.Should().Be(0);
        (await other).Should().Be(2);
    });

    [Fact]
    public void GatherOutcomes_gives_every_outcome_in_order() => RunLoop(async () =>
    {
        LoopTask<int> cancelled = Loop.CreateTask(After(100, 1));
        cancelled.Cancel("why");

        Outcome<int>[] outcomes = await Loop.GatherOutcomes(Loop.CreateTask(After(3, 1)), Loop.CreateTask(ThrowAfter<int>(1, _failure)), cancelled);

        outcomes.Select(static o => (o.IsSuccess, o.IsCanceled)).Should().Equal((true, false), (false, false), (false, true));
        outcomes[0].Value.Should().Be(1);
        outcomes[0].Exception.Should().BeNull();
        outcomes[1].Exception.Should().BeSameAs(_failure);
        outcomes[2].Exception.Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
    });

    [Fact]
    public void The_value_of_a_failed_outcome_rethrows() => RunLoop(async () =>
    {
        Outcome<int>[] outcomes = await Loop.GatherOutcomes(ThrowAfter<int>(1, _failure));

        Assert.Throws<InvalidDataException>(() => outcomes[0].Value).Should().BeSameAs(_failure);
    });

    [Fact]
    public void GatherOutcomes_without_values_gives_outcomes() => RunLoop(async () =>
    {
        Outcome[] outcomes = await Loop.GatherOutcomes(Yields(1), ThrowAfter(2, _failure));

        outcomes.Select(static o => o.IsSuccess).Should().Equal(true, false);
        outcomes[1].Exception.Should().BeSameAs(_failure);
    });

    [Fact]
    public void GatherOutcomes_cancelled_cancels_its_children_and_waits_for_them() => RunLoop(async () =>
    {
        LoopTask<int> deaf = Loop.CreateTask(async () =>
        {
            await Catch(Forever());
            return await After(20, 5);
        });
        LoopTask gatherer = Loop.CreateTask(async () => await Loop.GatherOutcomes(deaf));
        await Yields(2);
        gatherer.Cancel();

        (await Catch(gatherer)).Should().BeOfType<LoopCanceledException>();
        deaf.IsCompletedSuccessfully.Should().BeTrue();
    });

    [Fact]
    public void Gather_of_a_task_of_another_loop_throws()
    {
        using Loop other = NewLoop();
        LoopFuture<int> foreign = other.CreateFuture<int>();
        using Loop loop = NewLoop();

        loop.RunUntilComplete(async () => await Catch(Gathered())).Should().BeOfType<InvalidOperationException>();

        async Coroutine Gathered() => await Loop.Gather(foreign);
    }

    [Fact]
    public void A_gathered_task_knows_who_awaits_it() => RunLoop(async () =>
    {
        LoopTask<int> child = Loop.CreateTask(After(5, 1));
        LoopTask gatherer = Loop.CreateTask(async () => await Loop.Gather(child));
        await Yields(2);

        child.Awaiters.Should().Equal(gatherer);
        await gatherer;
    });

    private async Coroutine Noting(string name) => Log.Add(name);
}
