using System.Diagnostics;
using System.Reflection;
using EventLoop.Synchronization;

namespace EventLoop.Tests.Debugging;

/// <summary>What a debugger shows of loops, tasks, groups and scopes.</summary>
public sealed class DebuggerViewTests
{
    [Fact]
    public void A_task_shows_what_it_waits_for_where_and_who_waits_for_it() => Loop.Run(async () =>
    {
        var waiter = Loop.CreateTask(Waiting(), "waiter");
        var outer = Loop.CreateTask(async () => await waiter, "outer");
        await Loop.Yield();
        await Loop.Yield();
        Show(waiter, "Status").Should().Be(LoopTaskStatus.Waiting);
        Show(waiter, "WaitingOn").Should().Be("event");
        ((string[])Show(waiter, "Stack")!).Should().ContainSingle().Which.Should().Contain("Waiting");
        ((LoopTask[])Show(waiter, "Awaiters")!).Should().Equal(outer);
        waiter.Cancel();

        static async Coroutine Waiting() => await new AsyncEvent().WaitAsync();
    });

    [Fact]
    public void A_look_at_a_failed_task_does_not_count_as_looking_at_its_failure() => Loop.Run(async () =>
    {
        var lost = new List<string>();
        Loop.Current.ExceptionHandler = (_, context) => lost.Add(context.Message);
        Fail();
        await Loop.Yield();
        for (int i = 0; i < 50 && lost.Count == 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Loop.Yield();
        }

        lost.Should().ContainSingle(static message => message.Contains("never retrieved", StringComparison.Ordinal));

        static void Fail()
        {
            var failing = Loop.CreateTask(async () => throw new InvalidOperationException("lost"), eager: true);
            Show(failing, "Exception").Should().BeOfType<InvalidOperationException>();
        }
    });

    [Fact]
    public void A_loop_shows_its_tasks_and_what_is_ready() => Loop.Run(async () =>
    {
        var task = Loop.CreateTask(async () => await Loop.Sleep(TimeSpan.FromHours(1)), "sleeper");
        Show(Loop.Current, "Ready").Should().Be(1);
        await Loop.Yield();
        ((LoopTask[])Show(Loop.Current, "Tasks")!).Should().Equal(Loop.CurrentTask!, task);
        Show(Loop.Current, "Timers").Should().Be(1);
        Show(Loop.Current, "State").Should().Be("running");
        Show(Loop.Current, "CurrentTask").Should().Be(Loop.CurrentTask);
        task.Cancel();
    });

    [Fact]
    public void A_group_shows_its_children_and_a_scope_what_is_around_it() => Loop.Run(async () => await TaskGroup.Run(
        async group =>
        {
            var child = group.CreateTask(async () => { }, "child");
            ((LoopTask[])Show(group, "Tasks")!).Should().Equal(child);
            Show(group, "Name").Should().Be("g");
            var scope = new CancelScope(shield: true);
            await scope.RunAsync(async () =>
            {
                Show(scope, "Shield").Should().Be(true);
                Show(scope, "Host").Should().Be(Loop.CurrentTask);
                ((string[])Show(scope, "Around")!).Should().Equal("TaskGroup 'g'");
                await Loop.Yield();
            });
        },
        "g"));

    // As a debugger does.
    private static object? Show(object shown, string property)
    {
        string view = shown.GetType().GetCustomAttribute<DebuggerTypeProxyAttribute>(inherit: true)!.ProxyTypeName;
        var type = Type.GetType(view, throwOnError: true)!;
        object proxy = Activator.CreateInstance(type, BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public, null, [shown], null)!;
        return type.GetProperty(property)!.GetValue(proxy);
    }
}
