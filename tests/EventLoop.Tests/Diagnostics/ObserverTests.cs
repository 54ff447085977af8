using EventLoop.Debugging;
using EventLoop.Diagnostics;

namespace EventLoop.Tests.Diagnostics;

public sealed class ObserverTests : LoopTest
{
    [Fact]
    public void An_observer_hears_of_a_step_in_its_order_begin_what_it_does_end_parked_and_its_wakeups() => RunLoop(async () =>
    {
        var bell = new AsyncEvent();
        var waiter = Loop.CreateTask(async () => await bell.WaitAsync(), "waiter");
        await Loop.Yield();
        await Loop.Yield();
        using (Loop.Current.Diagnostics.Observe(new Notes(Log)))
        {
            var ringer = Loop.CreateTask(
                async () =>
                {
                    bell.Set();
                    await Loop.Sleep(TimeSpan.FromSeconds(1));
                },
                "ringer");
            await ringer;
        }

        Log.Should().ContainInOrder(
            "created ringer by main", "begin ringer", "end ringer", "parked ringer Sleep", "woken waiter by ringer", "begin waiter", "ended waiter",
                "end waiter", "idle", "woken ringer by -", "begin ringer", "ended ringer", "end ringer", "woken main by ringer");
        await waiter;
    });

    [Fact]
    public void A_yield_is_a_wakeup_by_oneself() => RunLoop(async () =>
    {
        using (Loop.Current.Diagnostics.Observe(new Notes(Log)))
        {
            await Loop.CreateTask(async () => await Loop.Yield(), "yielder");
        }

        Log.Should().ContainInOrder("begin yielder", "end yielder", "woken yielder by yielder", "begin yielder", "ended yielder");
    });

    [Fact]
    public void A_cancellation_is_told_once_of_each_task_that_it_reaches_first_the_one_that_was_asked() => RunLoop(async () =>
    {
        var inner = Loop.CreateTask(async () => await Loop.Sleep(TimeSpan.FromHours(1)), "inner");
        var outer = Loop.CreateTask(async () => await inner, "outer");
        await Loop.Yield();
        await Loop.Yield();
        using (Loop.Current.Diagnostics.Observe(new Notes(Log)))
        {
            outer.Cancel("enough");
        }

        Log.Should().Equal("cancelled outer by task 'main': enough", "cancelled inner by task 'outer': enough");
        await Loop.GatherOutcomes(inner, outer);
    });

    [Fact]
    public void An_observer_that_throws_is_logged_and_taken_off() => RunLoop(async () =>
    {
        using var observed = Loop.Current.Diagnostics.Observe(new Thrower());
        await Loop.Yield();
        await Loop.Yield();

        Logger.Entries.Should().ContainSingle(static entry => entry.ToString()!.Contains("was taken off", StringComparison.Ordinal));
    });

    [Fact]
    public void While_somebody_observes_tasks_that_begin_are_counted() => RunLoop(async () =>
    {
        LoopSnapshot snapshot;
        using (Loop.Current.Diagnostics.Observe(new Notes(Log)))
        {
            var busy = Loop.CreateTask(
                async () =>
                {
                    for (int i = 0; i < 2000; i++)
                    {
                        await Loop.Yield();
                    }

                    await Loop.Sleep(TimeSpan.FromHours(1));
                },
                "busy");
            for (int i = 0; i < 2010; i++)
            {
                await Loop.Yield();
            }

            snapshot = Loop.Current.TakeSnapshot();
            snapshot.Find(busy.Id)!.Activity.Should().Match<TaskActivity>(static activity => activity.Steps == 2001 && activity.SelfWakes == 2000);
            snapshot.FindProblems().Should().ContainSingle(finding => finding.Kind == FindingKind.SelfWaking && finding.Tasks[0] == busy.Id);
            busy.Cancel();
        }

        Loop.Current.TakeSnapshot().Find(Loop.CurrentTask!.Id)!.Activity.Should().BeNull();
    });

    private sealed class Thrower : LoopObserver
    {
        public override void OnStepBegin(LoopTask? task) => throw new InvalidOperationException("no");
    }

    private sealed class Notes(List<string> log) : LoopObserver
    {
        public override void OnTaskCreated(LoopTask task, LoopTask? creator) => log.Add($"created {task.Name} by {Name(creator)}");

        public override void OnTaskEnded(LoopTask task) => log.Add($"ended {task.Name}");

        public override void OnStepBegin(LoopTask? task) => log.Add($"begin {Name(task)}");

        public override void OnStepEnd(LoopTask? task, TimeSpan duration) => log.Add($"end {Name(task)}");

        public override void OnParked(LoopTask task, WaitKind wait) => log.Add($"parked {Name(task)} {wait}");

        public override void OnWoken(LoopTask task, LoopTask? by) => log.Add($"woken {Name(task)} by {Name(by)}");

        public override void OnCancelled(LoopTask task, CancelLink link) =>
            log.Add($"cancelled {Name(task)} by {link.By.Replace("Task-1", "main", StringComparison.Ordinal)}: {link.Reason}");

        public override void OnIdle(TimeSpan duration) => log.Add("idle");

        private static string Name(LoopTask? task) => task is null ? "-" : task.Name == "Task-1" ? "main" : task.Name;
    }
}
