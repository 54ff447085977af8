using EventLoop.Diagnostics;

namespace EventLoop.Tests.Diagnostics;

public sealed class EndedTaskTests : LoopTest
{
    private static Func<Coroutine> Sleeping => static async () => await Loop.Sleep(TimeSpan.FromHours(1));

    private static string[] WayOf(LoopTask task) =>
        [.. Loop.Current.Diagnostics.EndedTasks.Single(ended =>
            ended.Id == task.Id).CancelledBy.Select(static link => $"{link.By}#{link.TaskId}: {link.Reason}")];

    private void Run(Func<Coroutine> body) => RunLoop(async () =>
    {
        Loop.CurrentTask!.Name = "main";
        Loop.Current.Diagnostics.EndedTasksKept = 100;
        await body();
    });

    [Fact]
    public void A_task_that_was_cancelled_by_hand_names_who_did_it() => Run(async () =>
    {
        var task = Loop.CreateTask(Sleeping, "sleeper");
        await Loop.Yield();
        task.Cancel("enough");
        await Loop.GatherOutcomes(task);

        WayOf(task).Should().Equal("task 'main'#1: enough");
        var ended = Loop.Current.Diagnostics.EndedTasks[0];
        ended.Should().BeEquivalentTo(new { Name = "sleeper", Status = LoopTaskStatus.Canceled, CreatedBy = 1 });
    });

    [Fact]
    public void A_task_that_a_timeout_ended_names_the_timeout_and_its_host() => Run(async () =>
    {
        LoopTask? child = null;
        await FluentActions.Awaiting(async () => await Loop.Timeout(TimeSpan.FromSeconds(30), async _ =>
        {
            child = Loop.CreateTask(Sleeping, "child");
            await child;
        }).AsTask()).Should().ThrowAsync<TimeoutException>();

        WayOf(child!).Should().Equal("timeout#1: deadline passed");
    });

    [Fact]
    public void A_task_whose_sibling_failed_names_the_sibling_and_its_failure() => Run(async () =>
    {
        LoopTask? bad = null;
        LoopTask? other = null;
        await FluentActions.Awaiting(async () => await TaskGroup.Run(
            group =>
            {
                other = group.CreateTask(Sleeping, "other");
                bad = group.CreateTask(async () =>
                {
                    await Loop.Yield();
                    throw new FormatException("bad number");
                });
                return Loop.Yield().AsCoroutineForTest();
            },
            "fetch").AsTask()).Should().ThrowAsync<AggregateException>();

        WayOf(other!).Should().Equal($"task group 'fetch' (sibling failed)#{bad!.Id}: FormatException: bad number");
        Loop.Current.Diagnostics.EndedTasks.Single(ended => ended.Id == bad.Id).Failure.Should().Be("FormatException: bad number");
    });

    [Fact]
    public void A_child_of_a_group_in_a_scope_that_was_cancelled_names_the_whole_way() => Run(async () =>
    {
        LoopTask? child = null;
        var host = Loop.CreateTask(
            async () => await CancelScope.Run(async scope =>
            {
                await TaskGroup.Run(
                    async group =>
                    {
                        child = group.CreateTask(Sleeping, "child");
                        await Loop.Yield();
                        scope.Cancel("too late");
                    },
                    "g");
            }),
            "host");
        await host;

        string[] way = WayOf(child!);
        way[0].Should().Be($"task 'host'#{host.Id}: too late");
        way[1].Should().Be($"cancel scope#{host.Id}: too late");
    });

    [Fact]
    public void A_child_whose_groups_host_was_cancelled_names_the_group() => Run(async () =>
    {
        LoopTask? child = null;
        var host = Loop.CreateTask(
            async () => await TaskGroup.Run(
                async group =>
                {
                    child = group.CreateTask(Sleeping, "child");
                    await Loop.Yield();
                },
                "g"),
            "host");
        await Loop.Sleep(1);
        host.Cancel("stop");
        await Loop.GatherOutcomes(host);

        WayOf(child!).Should().Equal("task 'main'#1: stop", $"task group 'g'#{host.Id}: stop");
        WayOf(host).Should().Equal("task 'main'#1: stop");
    });

    [Fact]
    public void What_the_end_of_the_run_cancels_says_so_and_is_kept_with_the_closed_loop()
    {
        var runner = new LoopRunner(Options);
        runner.Loop.Diagnostics.EndedTasksKept = 1;
        runner.Run(async () =>
        {
            _ = Loop.CreateTask(Sleeping, "left");
            await Loop.Sleep(1);
        });
        runner.Dispose();

        runner.Loop.Diagnostics.EndedTasks.Should().ContainSingle().Which.Should().Match<EndedTask>(static ended =>
            ended.Name == "left" && ended.CancelledBy[0].By == "end of the run");
    }

    [Fact]
    public void Only_so_many_are_kept_and_the_newest_comes_first() => Run(async () =>
    {
        Loop.Current.Diagnostics.EndedTasksKept = 2;
        for (int i = 0; i < 4; i++)
        {
            await Loop.CreateTask(async () => await Loop.Sleep(TimeSpan.FromSeconds(3)), $"t{i}");
        }

        Loop.Current.Diagnostics.EndedTasks.Select(static ended => ended.Name).Should().Equal("t3", "t2");
        Loop.Current.Diagnostics.EndedTasks[0].Lived.Should().BeCloseTo(TimeSpan.FromSeconds(3), TimeSpan.FromMilliseconds(1));
        Loop.Current.Diagnostics.EndedTasks[0].CancelledBy.Should().BeEmpty();
        Loop.Current.Diagnostics.EndedTasksKept = 0;
        Loop.Current.Diagnostics.EndedTasks.Should().BeEmpty();
    });
}

file static class Yields
{
    internal static async Coroutine AsCoroutineForTest(this YieldAwaitable yield) => await yield;
}
