using System.Diagnostics;

namespace EventLoop.Tests.Foreign;

/// <summary>AsyncLocal and Activity.Current across awaits of every kind.</summary>
public sealed class ExecutionContextTests : LoopTest
{
    private readonly AsyncLocal<string?> _local = new();

    [Fact]
    public void A_task_keeps_its_AsyncLocals_across_foreign_awaits() => RunLoop(async () =>
    {
        _local.Value = "mine";
        await Task.Run(() => _local.Value = "pool");
        _local.Value.Should().Be("mine");
        await Task.Yield();
        _local.Value.Should().Be("mine");
        await Task.Run(static () => { }).ConfigureAwait(false);
        _local.Value.Should().Be("mine");
    });

    [Fact]
    public void AsyncLocals_flow_into_Task_Run() => RunLoop(async () =>
    {
        _local.Value = "mine";

        (await Task.Run(() => _local.Value)).Should().Be("mine");
    });

    [Fact]
    public void The_value_set_by_one_task_is_not_seen_by_the_next_step_of_another()
    {
        RunLoop(async () => await Loop.Gather(Worker("a"), Worker("b"), Worker("c")));

        Log.Should().HaveCount(15).And.OnlyContain(static entry => entry[0] == entry[2]);

        async Coroutine Worker(string name)
        {
            _local.Value = name;
            for (int i = 0; i < 5; i++)
            {
                await Loop.Yield();
                Log.Add($"{name}:{_local.Value}");
            }
        }
    }

    [Fact]
    public void AsyncLocals_written_in_an_async_Task_method_follow_the_rules_of_NET() => RunLoopWithTask(async () =>
    {
        _local.Value = "caller";
        await Write();

        _local.Value.Should().Be("caller");

        async Task Write()
        {
            _local.Value = "callee";
            await Loop.Yield();
            _local.Value.Should().Be("callee");
        }
    });

    [Fact]
    public void Activity_Current_flows_into_tasks_and_comes_back_after_awaits() => RunLoop(async () =>
    {
        using Activity activity = new Activity("request").Start();

        LoopTask<string?> task = Loop.CreateTask(ReadActivity());
        await Loop.Yield();
        Activity.Current.Should().BeSameAs(activity);

        (await task).Should().Be("request");
        activity.Stop();

        static async Coroutine<string?> ReadActivity()
        {
            await Loop.Yield();
            return Activity.Current?.OperationName;
        }
    });

    [Fact]
    public void An_activity_started_by_an_awaited_coroutine_is_not_current_in_its_caller() => RunLoop(async () =>
    {
        await Inner();

        Activity.Current.Should().BeNull();

        static async Coroutine Inner()
        {
            using Activity activity = new Activity("inner").Start();
            await Loop.Yield();
            Activity.Current.Should().BeSameAs(activity);
        }
    });

    [Fact]
    public void A_task_created_with_suppressed_flow_sees_no_AsyncLocals() => RunLoop(async () =>
    {
        _local.Value = "mine";
        LoopTask<bool> task;
        using (ExecutionContext.SuppressFlow())
        {
            task = Loop.CreateTask(IsEmpty());
        }

        (await task).Should().BeTrue();

        async Coroutine<bool> IsEmpty()
        {
            await Loop.Yield();
            return _local.Value is null;
        }
    });

    [Fact]
    public void The_submitters_AsyncLocals_flow_into_the_submitted_work() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        string? seen = await Task.Run(() =>
        {
            _local.Value = "submitter";
            return loop.Submit(async () =>
            {
                await Loop.Yield();
                return _local.Value;
            });
        });

        seen.Should().Be("submitter");
        _local.Value.Should().BeNull();
    });

    [Fact]
    public void A_value_changed_handler_sees_each_switch_and_the_last_value_outside_is_the_first()
    {
        var seen = new List<string?>();
        var watched = new AsyncLocal<string?>(change => seen.Add(change.CurrentValue)) { Value = "outside" };
        RunLoop(async () =>
        {
            watched.Value = "inside";
            await Loop.Yield();
        });

        watched.Value.Should().Be("outside");
        seen.Should().Contain("inside");
        seen[^1].Should().Be("outside");
    }

    [Fact]
    public void A_run_under_a_suppressed_flow_gives_the_flow_back_suppressed_as_it_was() => OnThread(() =>
    {
        _local.Value = "outer";
        using (ExecutionContext.SuppressFlow())
        {
            RunLoop(async () =>
            {
                _local.Value = "main";
                await Loop.Yield();
                _local.Value.Should().Be("main");
            });

            ExecutionContext.IsFlowSuppressed().Should().BeTrue();
            _local.Value.Should().Be("outer");
        }

        ExecutionContext.IsFlowSuppressed().Should().BeFalse();
        _local.Value.Should().Be("outer");
    });

    [Fact]
    public void The_body_of_a_group_a_timeout_and_a_scope_sees_the_AsyncLocals_of_its_caller_and_does_not_leak_its_own() => RunLoop(async () =>
    {
        _local.Value = "caller";

        await TaskGroup.Run(_ => Body());
        await Loop.Timeout(Seconds(10), _ => Body());
        await CancelScope.Run(_ => Body());

        _local.Value.Should().Be("caller");

        async Coroutine Body()
        {
            _local.Value.Should().Be("caller");
            _local.Value = "body";
            await Loop.Yield();
            _local.Value.Should().Be("body");
        }
    });
}
