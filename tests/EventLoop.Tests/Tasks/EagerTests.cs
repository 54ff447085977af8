namespace EventLoop.Tests.Tasks;

[UnderSeeds(50)]
public sealed class EagerTests : LoopTest
{
    [Fact]
    public void An_eager_task_takes_its_first_step_inside_CreateTask()
    {
        RunLoop(async () =>
        {
            LoopTask task = Loop.CreateTask(async () =>
            {
                Log.Add("first step");
                await Loop.Yield();
                Log.Add("second step");
            }, eager: true);
            Log.Add("created");
            await task;
        });

        Log.Should().Equal("first step", "created", "second step");
    }

    [Fact]
    public void An_eager_task_that_never_suspends_is_finished_when_CreateTask_returns() => RunLoop(async () =>
    {
        long turns = Loop.Current.Statistics.Turns;
        LoopTask<int> task = Loop.CreateTask(After(0, 5), eager: true);

        task.IsCompletedSuccessfully.Should().BeTrue();
        task.Result.Should().Be(5);
        (await task).Should().Be(5);
        Loop.Current.Statistics.Turns.Should().Be(turns);
    });

    [Fact]
    public void A_failure_of_an_eager_first_step_is_in_the_task_and_not_thrown_by_CreateTask() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        LoopTask task = Loop.CreateTask(ThrowAfter(0, failure), eager: true);

        task.IsFaulted.Should().BeTrue();
        task.Exception.Should().BeSameAs(failure);
    });

    [Fact]
    public void CurrentTask_is_the_eager_task_during_its_first_step_and_the_creator_after_it() => RunLoop(async () =>
    {
        LoopTask? creator = Loop.CurrentTask;
        LoopTask? inside = null;
        LoopTask task = Loop.CreateTask(async () =>
        {
            inside = Loop.CurrentTask;
            await Loop.Yield();
        }, eager: true);

        inside.Should().BeSameAs(task);
        Loop.CurrentTask.Should().BeSameAs(creator);
        await task;
    });

    [Fact]
    public void The_synchronization_context_of_the_creator_is_back_after_an_eager_first_step() => RunLoop(async () =>
    {
        SynchronizationContext? mine = SynchronizationContext.Current;
        LoopTask task = Loop.CreateTask(Yields(1), eager: true);

        SynchronizationContext.Current.Should().BeSameAs(mine);
        await task;
    });

    [Fact]
    public void An_eager_first_step_does_not_leak_its_AsyncLocals_to_the_creator() => RunLoop(async () =>
    {
        var local = new AsyncLocal<string> { Value = "creator" };
        LoopTask task = Loop.CreateTask(async () =>
        {
            local.Value = "eager";
            await Loop.Yield();
        }, eager: true);

        local.Value.Should().Be("creator");
        await task;
    });

    [Fact]
    public void EagerTasks_of_the_options_makes_every_task_eager() => RunLoop(async () =>
        Loop.CreateTask(After(0, 1)).IsCompleted.Should().BeTrue(), Options with { EagerTasks = true });

    [Fact]
    public void A_task_can_be_lazy_although_the_options_say_eager() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(After(0, 1), eager: false);

        task.IsCompleted.Should().BeFalse();
        (await task).Should().Be(1);
    }, Options with { EagerTasks = true });

    [Fact]
    public void An_eager_async_Task_method_takes_its_first_step_inside_CreateTask()
    {
        RunLoop(async () =>
        {
            LoopTask task = Loop.CreateTask(Body, eager: true);
            Log.Add("created");
            await task;
        });

        Log.Should().Equal("body", "created");

        async Task Body()
        {
            Log.Add("body");
            await Loop.Yield();
        }
    }

    [Fact]
    public void Eager_tasks_nest() => RunLoop(async () =>
    {
        LoopTask outer = Loop.CreateTask(async () =>
        {
            LoopTask? me = Loop.CurrentTask;
            LoopTask inner = Loop.CreateTask(async () => Log.Add("inner"), eager: true);
            inner.IsCompleted.Should().BeTrue();
            Loop.CurrentTask.Should().BeSameAs(me);
        }, eager: true);

        outer.IsCompletedSuccessfully.Should().BeTrue();
        Log.Should().Equal("inner");
    });

    [Fact]
    public void An_eager_task_in_a_plain_callback_leaves_no_current_task_behind() => RunLoop(async () =>
    {
        LoopFuture<LoopTask?> after = Loop.Current.CreateFuture<LoopTask?>();
        Loop.Current.CallSoon(() =>
        {
            _ = Loop.CreateTask(Yields(1), eager: true);
            after.SetResult(Loop.CurrentTask);
        });

        (await after).Should().BeNull();
    });

    [Fact]
    public void An_eager_task_leaves_the_suppressed_flow_of_its_creator_suppressed() => RunLoop(async () =>
    {
        LoopTask task;
        using (ExecutionContext.SuppressFlow())
        {
            task = Loop.CreateTask(async () => await Loop.Yield(), eager: true);
            ExecutionContext.IsFlowSuppressed().Should().BeTrue();
        }

        await task;
    });
}
