namespace EventLoop.Tests.Tasks;

[UnderSeeds(50)]
public sealed class TaskTests : LoopTest
{
    [Fact]
    public void CreateTask_does_not_run_the_coroutine_inline()
    {
        RunLoop(async () =>
        {
            LoopTask task = Loop.CreateTask(async () => Log.Add("task"));
            Log.Add("created");
            await task;
        });

        Log.Should().Equal("created", "task");
    }

    [Fact]
    public void A_task_gives_its_value_to_who_awaits_it() => RunLoop(async () => (await Loop.CreateTask(After(2, 5))).Should().Be(5));

    [Fact]
    public void A_task_of_an_async_lambda_gives_its_value() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(async () =>
        {
            await Loop.Yield();
            return 5;
        });

        (await task).Should().Be(5);
    });

    [Fact]
    public void A_task_of_an_async_Task_method_gives_its_value() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(Body);

        (await task).Should().Be(5);

        static async Task<int> Body()
        {
            await Loop.Yield();
            await Task.Yield();
            return 5;
        }
    });

    [Fact]
    public void An_async_Task_method_starts_in_its_task_and_not_at_the_call()
    {
        RunLoop(async () =>
        {
            LoopTask task = Loop.CreateTask(Body);
            Log.Add("created");
            await task;
        });

        Log.Should().Equal("created", "body");

        async Task Body() => Log.Add("body");
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Several_tasks_can_await_one_task_and_wake_in_the_order_of_their_awaits()
    {
        RunLoop(async () =>
        {
            LoopTask<int> shared = Loop.CreateTask(After(5, 1));
            LoopTask[] awaiters = [.. Enumerable.Range(0, 4).Select(n => Loop.CreateTask(Awaiter(n, shared)))];
            foreach (LoopTask awaiter in awaiters)
            {
                await awaiter;
            }
        });

        Log.Should().Equal("0:1", "1:1", "2:1", "3:1");

        async Coroutine Awaiter(int n, LoopTask<int> shared) => Log.Add($"{n}:{await shared}");
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void The_waiter_of_a_task_goes_through_the_ready_queue()
    {
        RunLoop(async () =>
        {
            LoopTask inner = Loop.CreateTask(async () =>
            {
                await Loop.Yield();
                Loop.Current.CallSoon(() => Log.Add("scheduled before the end"));
                Log.Add("end");
            });
            await inner;
            Log.Add("waiter");
        });

        Log.Should().Equal("end", "scheduled before the end", "waiter");
    }

    [Fact]
    public void Every_awaiter_of_a_failed_task_gets_the_same_exception() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        LoopTask task = Loop.CreateTask(ThrowAfter(1, failure));

        (await Catch(task)).Should().BeSameAs(failure);
        (await Catch(task)).Should().BeSameAs(failure);
        task.Exception.Should().BeSameAs(failure);
    });

    [Fact]
    public void Result_of_an_unfinished_task_throws_and_never_blocks() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(After(3, 1));

        Assert.Throws<InvalidOperationException>(() => task.Result).Message.Should().ContainEquivalentOf("await");
        await task;
        task.Result.Should().Be(1);
    });

    [Fact]
    public void Result_of_a_failed_task_rethrows_the_failure() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        LoopTask<int> task = Loop.CreateTask(ThrowAfter<int>(0, failure));
        await Catch(task);

        Assert.Throws<InvalidDataException>(() => task.Result).Should().BeSameAs(failure);
    });

    [Fact]
    public void Result_of_a_cancelled_task_throws_its_cancellation() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(After(100, 1));
        task.Cancel("why");
        await Catch(task);

        Assert.ThrowsAny<LoopCanceledException>(() => task.Result).Reason.Should().Be("why");
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void The_status_follows_the_life_of_a_task() => RunLoop(async () =>
    {
        LoopTaskStatus inside = default;
        LoopFuture gate = Loop.Current.CreateFuture();
        LoopTask task = Loop.CreateTask(async () =>
        {
            inside = Loop.CurrentTask!.Status;
            await gate;
        });

        task.Status.Should().Be(LoopTaskStatus.Ready);
        await Loop.Yield();
        inside.Should().Be(LoopTaskStatus.Running);
        task.Status.Should().Be(LoopTaskStatus.Waiting);
        gate.SetResult();
        task.Status.Should().Be(LoopTaskStatus.Ready);
        await task;
        task.Status.Should().Be(LoopTaskStatus.RanToCompletion);
    });

    [Fact]
    public void A_failed_task_says_so() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(ThrowAfter(0, new InvalidDataException()));
        await Catch(task);

        task.Status.Should().Be(LoopTaskStatus.Faulted);
        (task.IsCompleted, task.IsCompletedSuccessfully, task.IsFaulted, task.IsCanceled).Should().Be((true, false, true, false));
    });

    [Fact]
    public void A_cancelled_task_says_so() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Forever());
        task.Cancel("why");
        await Catch(task);

        task.Status.Should().Be(LoopTaskStatus.Canceled);
        (task.IsCompleted, task.IsCompletedSuccessfully, task.IsFaulted, task.IsCanceled).Should().Be((true, false, false, true));
        task.CancelReason.Should().Be("why");
        task.Exception.Should().BeNull("the failure is null unless IsFaulted, as on Task");
    });

    [Fact]
    public void A_successful_task_has_no_failure_and_no_cancel_reason() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Yields(1));
        await task;

        (task.IsCompleted, task.IsCompletedSuccessfully, task.IsFaulted, task.IsCanceled).Should().Be((true, true, false, false));
        task.Exception.Should().BeNull();
        task.CancelReason.Should().BeNull();
    });

    [Fact]
    public void Ids_are_unique_and_grow() => RunLoop(async () =>
    {
        LoopTask first = Loop.CreateTask(Yields(1));
        LoopTask second = Loop.CreateTask(Yields(1));

        second.Id.Should().BeGreaterThan(first.Id);
    });

    [Fact]
    public void A_task_has_a_name_of_its_own_that_can_be_given_and_changed() => RunLoop(async () =>
    {
        LoopTask unnamed = Loop.CreateTask(Yields(1));
        LoopTask other = Loop.CreateTask(Yields(1));
        LoopTask named = Loop.CreateTask(Yields(1), "fetch");

        unnamed.Name.Should().NotBeNullOrEmpty().And.NotBe(other.Name);
        named.Name.Should().Be("fetch");
        named.Name = "fetch again";
        named.Name.Should().Be("fetch again");
    });

    [Fact]
    public void A_task_knows_its_loop() => RunLoop(async () => Loop.CurrentTask!.Loop.Should().BeSameAs(Loop.Current));

    [Fact]
    public void AsTask_gives_the_value() => RunLoop(async () => (await Loop.CreateTask(After(2, 5)).AsTask()).Should().Be(5));

    [Fact]
    public void AsTask_gives_the_failure() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        (await Record.ExceptionAsync(() => Loop.CreateTask(ThrowAfter(1, failure)).AsTask())).Should().BeSameAs(failure);
    });

    [Fact]
    public void AsTask_of_a_cancelled_task_is_canceled_and_rethrows_the_same_exception() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Forever());
        Task asTask = task.AsTask();
        task.Cancel("why");
        Exception? own = await Catch(task);

        (await Record.ExceptionAsync(() => asTask)).Should().BeSameAs(own);
        asTask.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void Another_thread_can_block_on_AsTask() => RunLoop(async () =>
    {
        Task<int> task = Loop.CreateTask(After(5, 5)).AsTask();

        (await Task.Run(() => task.Result)).Should().Be(5);
    });

    [Fact]
    public void AsCoroutine_waits_for_the_task() => RunLoop(async () => (await Loop.CreateTask(After(2, 5)).AsCoroutine()).Should().Be(5));

    [Fact]
    public void A_task_can_be_awaited_from_an_async_Task_method() => RunLoopWithTask(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(After(2, 5));

        (await task).Should().Be(5);
    });

    [Fact]
    public void Awaiting_a_task_of_another_loop_throws()
    {
        using Loop other = NewLoop();
        LoopTask foreign = other.Spawn(Forever());
        using Loop loop = NewLoop();

        Exception? thrown = loop.RunUntilComplete(async () => await Catch(foreign));

        thrown.Should().BeOfType<InvalidOperationException>();
    }

    [Fact]
    public void StartSoon_runs_the_coroutine_as_a_task()
    {
        RunLoop(async () =>
        {
            Loop.StartSoon(async () => Log.Add(Loop.CurrentTask!.Name), "quiet");
            await Yields(2);
        });

        Log.Should().Equal("quiet");
    }

    [Fact]
    public void A_failure_of_a_StartSoon_task_goes_to_the_exception_handler()
    {
        var failure = new InvalidDataException();
        RunLoop(async () =>
        {
            Loop.StartSoon(ThrowAfter(1, failure), "quiet");
            await Yields(5);
        });

        Reported.Should().ContainSingle().Which.Exception.Should().BeSameAs(failure);
    }

    [Fact]
    public void A_cancelled_StartSoon_task_is_not_reported()
    {
        RunLoop(async () =>
        {
            Loop.StartSoon(Forever());
            await Yields(2);
        });

        Reported.Should().BeEmpty();
    }

    [Fact]
    public void The_await_of_a_task_keeps_the_AsyncLocals_of_the_waiter() => RunLoop(async () =>
    {
        var local = new AsyncLocal<string> { Value = "waiter" };
        await Loop.CreateTask(async () =>
        {
            local.Value = "task";
            await Loop.Yield();
        });

        local.Value.Should().Be("waiter");
    });

    [Fact]
    public void A_task_starts_with_the_AsyncLocals_of_its_creation() => RunLoop(async () =>
    {
        var local = new AsyncLocal<string> { Value = "created" };
        LoopTask<string> task = Loop.CreateTask(async () => local.Value!);
        local.Value = "later";

        (await task).Should().Be("created");
    });
}
