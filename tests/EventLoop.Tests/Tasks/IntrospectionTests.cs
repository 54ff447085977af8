namespace EventLoop.Tests.Tasks;

/// <summary>What a task tells about itself while it waits.</summary>
[UnderSeeds(50)]
public sealed class IntrospectionTests : LoopTest
{
    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void WaitingOn_says_in_words_what_a_task_waits_for_and_is_null_otherwise() => RunLoop(async () =>
    {
        LoopFuture future = Loop.Current.CreateFuture();
        LoopTask task = Loop.CreateTask(async () => await future);
        task.WaitingOn.Should().BeNull();
        await Loop.Yield();

        task.WaitingOn.Should().NotBeNullOrWhiteSpace();

        future.SetResult();
        await task;
        task.WaitingOn.Should().BeNull();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void WaitingOn_names_the_task_that_is_awaited() => RunLoop(async () =>
    {
        LoopTask child = Loop.CreateTask(Forever(), "the child");
        LoopTask parent = Loop.CreateTask(async () => await child);
        await Loop.Yield();

        parent.WaitingOn.Should().Contain("the child");
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void WaitingOn_names_a_sleep() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Loop.Sleep(Seconds(100)));
        await Loop.Yield();

        task.WaitingOn.Should().ContainEquivalentOf("sleep");
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Awaiting_is_the_awaited_task_and_Awaiters_the_other_direction() => RunLoop(async () =>
    {
        LoopTask child = Loop.CreateTask(Forever());
        LoopTask parent = Loop.CreateTask(async () => await child);
        await Loop.Yield();

        parent.Awaiting.Should().BeSameAs(child);
        child.Awaiters.Should().Equal(parent);
        child.Awaiting.Should().BeNull();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void GetStack_names_the_coroutine_methods_innermost_first() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(OuterMethod());
        await Loop.Yield();

        string stack = string.Join('|', task.GetStack());

        stack.Should().Contain(nameof(InnerMethod)).And.Contain(nameof(OuterMethod));
        stack.IndexOf(nameof(InnerMethod), StringComparison.Ordinal)
            .Should().BeLessThan(stack.IndexOf(nameof(OuterMethod), StringComparison.Ordinal));
    });

    [Fact]
    public void GetStack_of_a_finished_task_is_empty() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(OuterMethod());
        task.Cancel();
        await Catch(task);

        task.GetStack().Should().BeEmpty();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Awaiters_can_be_read_by_another_thread() => RunLoop(async () =>
    {
        LoopTask child = Loop.CreateTask(Forever());
        LoopTask parent = Loop.CreateTask(async () => await child);
        await Loop.Yield();

        OnThread(() => child.Awaiters).Should().Equal(parent);
    });

    [Fact]
    public void CreatedAt_says_where_a_task_was_made_in_debug_mode() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Yields(1));

        task.CreatedAt.Should().Contain(nameof(CreatedAt_says_where_a_task_was_made_in_debug_mode));
        await task;
    }, DebugOptions);

    [Fact]
    public void CreatedAt_is_null_without_debug_mode() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Yields(1));

        task.CreatedAt.Should().BeNull();
        Loop.Current.CallSoon(() => { }).CreatedAt.Should().BeNull();
        await task;
    }, Options with { Debug = false });

    [Fact]
    public void A_handle_says_where_it_was_made_in_debug_mode() => RunLoop(async () =>
        Loop.Current.CallSoon(() => { }).CreatedAt.Should().Contain(nameof(A_handle_says_where_it_was_made_in_debug_mode)), DebugOptions);

    [Fact]
    public void CurrentTask_of_code_that_outlives_its_task_is_the_finished_task() => RunLoop(async () =>
    {
        LoopFuture gate = Loop.Current.CreateFuture();
        LoopFuture<LoopTask?> seen = Loop.Current.CreateFuture<LoopTask?>();
        LoopTask task = Loop.CreateTask(async () => Outlive());
        await task;
        gate.SetResult();

        (await seen).Should().BeSameAs(task);
        task.IsCompleted.Should().BeTrue();

        async void Outlive()
        {
            await gate;
            seen.SetResult(Loop.CurrentTask);
        }
    });

    private static async Coroutine OuterMethod() => await InnerMethod();

    private static async Coroutine InnerMethod() => await Forever();

    [Fact]
    public void Another_thread_may_look_at_tasks_in_motion() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        bool stop = false;
        LoopTask[] tasks = [.. Enumerable.Range(0, 5).Select(_ => Loop.CreateTask(async () => await Task.WhenAll(Waits(), Waits(), Scopes())))];
        Task<Exception?> looks = Task.Run(() => Record.Exception(() =>
        {
            int most = UnderSeedsAttribute.Seed is null ? 2000 : 200;
            for (int i = 0; i < most; i++)
            {
                foreach (LoopTask task in tasks)
                {
                    _ = (task.Status, task.WaitingOn, task.Awaiting, task.Awaiters.Count, task.GetStack().Count);
                }

                _ = (loop.Statistics, loop.Tasks.Count);
            }
        }));

        Exception? failure = await looks;
        stop = true;
        await Loop.Gather(tasks);

        failure.Should().BeNull();

        async Task Waits()
        {
            while (!stop)
            {
                await Loop.Yield();
                await Loop.Sleep(TimeSpan.FromTicks(1));
            }
        }

        async Task Scopes()
        {
            while (!stop)
            {
                await CancelScope.Run(static async _ => await CancelScope.Run(static async _ => await Loop.Yield()));
            }
        }
    });

    [Fact]
    public void A_finished_task_prints_its_result() => RunLoop(async () =>
    {
        LoopTask<int> number = Loop.CreateTask(After(1, 42), "fetch");
        LoopTask<string?> nothing = Loop.CreateTask(After<string?>(1, null), "nothing");
        LoopTask<string> text = Loop.CreateTask(After(1, new string('x', 5000)), "text");
        LoopTask<Unprintable> odd = Loop.CreateTask(After(1, new Unprintable()), "odd");
        LoopTask plain = Loop.CreateTask(Yields(1), "plain");
        await Loop.Wait([number, nothing, text, odd, plain]);

        number.ToString().Should().Be("task 'fetch' (finished, result: 42)");
        nothing.ToString().Should().Be("task 'nothing' (finished, result: null)");
        text.ToString().Should().StartWith("task 'text' (finished, result: \"xxx").And.HaveLength(200 + "task 'text' (finished, result: \"...\")".Length);
        odd.ToString().Should().Contain("ToString threw InvalidDataException");
        plain.ToString().Should().Be("task 'plain' (finished)");
    });

    [OneSchedule("it looks at a task between two turns")]
    [Fact]
    public void A_task_prints_where_it_stands() => RunLoop(async () =>
    {
        LoopTask failed = Loop.CreateTask(ThrowAfter(0, new InvalidDataException("broken\nin two")), "failed");
        LoopTask canceled = Loop.CreateTask(Forever(), "canceled");
        LoopTask waiting = Loop.CreateTask(Forever(), "waiting");
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        waiting.ToString().Should().Be("task 'waiting' (ready)");
        future.ToString().Should().Be("future (pending)");
        Loop.CurrentTask!.ToString().Should().Contain("(running)");
        await Yields(2);
        canceled.Cancel("enough");
        await Loop.Wait([failed, canceled]);
        future.SetResult(7);

        failed.ToString().Should().Be("task 'failed' (failed, InvalidDataException: broken in two)");
        failed.Exception.Should().NotBeNull();
        canceled.ToString().Should().Be("task 'canceled' (canceled: enough)");
        waiting.ToString().Should().StartWith("task 'waiting' (waiting on sleep");
        future.ToString().Should().Be("future (finished, result: 7)");
    });

    [Fact]
    public void Printing_a_failed_task_does_not_count_as_looking_at_its_failure()
    {
        RunLoop(async () =>
        {
            LoopTask failed = Loop.CreateTask(ThrowAfter(0, new InvalidDataException("broken")));
            await Yields(2);
            failed.ToString().Should().Contain("broken");
        });

        Reported.Should().ContainSingle();
    }

    private sealed class Unprintable
    {
        public override string ToString() => throw new InvalidDataException();
    }
}
