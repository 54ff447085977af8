using EventLoop.Scheduling;
using EventLoop.Synchronization;
using EventLoop.Tasks;

namespace EventLoop.Tests.Scheduling;

/// <summary>What an instrument is told, and in which order.</summary>
[Collection(ProcessWide.Name)]
public sealed class InstrumentTests
{
    private const Hearing Everything = Hearing.Tasks | Hearing.StepBegins | Hearing.StepEnds | Hearing.Times | Hearing.Waits | Hearing.Parks;

    [Fact]
    public void A_step_is_told_as_begin_what_its_code_does_end_parked_and_whom_it_woke() => Loop.Run(async () =>
    {
        Loop.CurrentTask!.Name = "main";
        var log = new LogInstrument();
        var go = new AsyncEvent();
        var waiter = Loop.CreateTask(async () => await go.WaitAsync(), "waiter");
        await Loop.Yield();
        log.AttachTo(Loop.Current, Everything);
        await Loop.Yield();
        log.Lines.Clear();
        go.Set();
        var child = Loop.CreateTask(async () => { }, "child");
        await Loop.Gather(waiter, child);
        log.Detach();
        log.Lines.Should().Equal(
            "made child by main", "end main", "parked main", "woken waiter by main",
            "begin waiter", "ended waiter", "end waiter", "begin child", "ended child", "end child", "woken main by child",
            "begin main");
    });

    [Fact]
    public void A_yield_is_a_wake_up_by_oneself_also_in_the_step_in_which_somebody_began_to_listen() => Loop.Run(async () =>
    {
        Loop.CurrentTask!.Name = "main";
        var log = new LogInstrument();
        log.AttachTo(Loop.Current, Everything);
        await Loop.Yield();
        await Loop.Yield();
        log.Detach();
        log.Lines.Should().Equal("woken main by main", "begin main", "end main", "woken main by main", "begin main");
    });

    [Fact]
    public void Whom_the_rest_of_a_step_wakes_in_which_somebody_began_to_listen_is_woken_by_it() => Loop.Run(async () =>
    {
        Loop.CurrentTask!.Name = "main";
        var go = new AsyncEvent();
        var waiter = Loop.CreateTask(async () => await go.WaitAsync(), "waiter");
        await Loop.Yield();
        var log = new LogInstrument();
        log.AttachTo(Loop.Current, Everything);
        go.Set();
        await waiter;
        log.Lines[0].Should().Be("woken waiter by main");
    });

    [Fact]
    public void An_eager_first_step_is_told_inside_the_step_that_makes_the_task_and_each_wake_up_once() => Loop.Run(async () =>
    {
        Loop.CurrentTask!.Name = "main";
        var (first, second, third) = (new AsyncEvent(), new AsyncEvent(), new AsyncEvent());
        LoopTask[] waiters = [.. new[] { ("a", first), ("b", second), ("c", third) }.Select(static one =>
            Loop.CreateTask(async () => await one.Item2.WaitAsync(), one.Item1))];
        await Loop.Yield();
        var log = new LogInstrument();
        log.AttachTo(Loop.Current, Everything);
        await Loop.Yield();
        log.Lines.Clear();
        first.Set();
        var child = Loop.CreateTask(
            async () =>
            {
                second.Set();
                await Loop.Sleep(TimeSpan.Zero);
            },
            "child",
            eager: true);
        third.Set();
        await Loop.Yield();
        log.Detach();
        log.Lines.Take(9).Should().Equal(
            "made child by main", "begin child within", "end child within", "woken b by child", "woken child by child",
            "end main", "woken a by main", "woken c by main", "woken main by main");
        await child;
        await Loop.Gather([.. waiters.Select(static one => one.AsCoroutine())]);
    });

    [Fact]
    public void What_a_timer_or_another_thread_makes_ready_is_woken_by_nobody() => Loop.Run(async () =>
    {
        Loop.CurrentTask!.Name = "main";
        var log = new LogInstrument();
        log.AttachTo(Loop.Current, Everything);
        await Loop.Sleep(TimeSpan.FromMilliseconds(1));
        var core = Loop.Current.Core;
        await Loop.ToThread(() => SpinWait.SpinUntil(() => core.IsParked, TimeSpan.FromSeconds(10)));
        log.Detach();
        log.Lines.Where(static line =>
            line.StartsWith("woken", StringComparison.Ordinal)).Should().OnlyContain(static line =>
            line == "woken main by nobody").And.HaveCountGreaterThanOrEqualTo(2);
    });

    [Fact]
    public void A_burst_of_wake_ups_is_told_whole_and_in_order() => Loop.Run(async () =>
    {
        const int many = 10_000;
        var go = new AsyncEvent();
        LoopTask[] waiters = [.. Enumerable.Range(0, many).Select(_ => Loop.CreateTask(async () => await go.WaitAsync()))];
        await Loop.Yield();
        await Loop.Yield();
        var log = new LogInstrument();
        log.AttachTo(Loop.Current, Hearing.Waits);
        await Loop.Yield();
        log.Lines.Clear();
        go.Set();
        await Loop.Yield();
        log.Detach();
        log.Lines.Take(many).Should().Equal(waiters.Select(static task => $"woken {task.Name} by {Loop.CurrentTask!.Name}"));
    });

    [Fact]
    public void A_step_is_as_long_as_the_clock_says_and_contains_its_inner_steps()
    {
        var clock = new ManualClock();
        using var loop = new Loop(new LoopOptions { TimeProvider = clock });
        var log = new LogInstrument();
        log.AttachTo(loop, Everything);
        loop.RunUntilComplete(async () =>
        {
            clock.Advance(5);
            var inner = Loop.CreateTask(async () => clock.Advance(7), "inner", eager: true);
            clock.Advance(3);
            await inner;
        });
        log.Steps.Should().ContainInOrder(TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(15));
    }

    [Fact]
    public void Without_times_the_clock_is_read_at_the_looks_only()
    {
        var clock = new ManualClock();
        using var loop = new Loop(new LoopOptions { TimeProvider = clock });
        new LogInstrument().AttachTo(loop, Hearing.StepBegins | Hearing.StepEnds | Hearing.Waits | Hearing.Tasks);
        loop.RunUntilComplete(async () =>
        {
            await Loop.Yield();
            long before = clock.Readings;
            for (int i = 0; i < 1000; i++)
            {
                await Loop.Yield();
            }

            (clock.Readings - before).Should().BeLessThan(100);
        });
    }

    [Fact]
    public async Task Another_threads_instrument_is_told_from_the_next_turn_on_and_nothing_once_it_is_removed()
    {
        using var loop = new Loop();
        var log = new LogInstrument();
        var running = new TaskCompletionSource();
        var run = Task.Factory.StartNew(
            () => loop.RunUntilComplete(async () =>
            {
                running.SetResult();
                while (log.Lines.Count < 10)
                {
                    await Loop.Yield();
                }

                await Loop.ToThread(log.Detach);
                int told = log.Lines.Count;
                await Loop.Yield();
                await Loop.Yield();
                log.Lines.Should().HaveCount(told);
                loop.Core.Heard.Should().Be(Hearing.None);
            }),
            TaskCreationOptions.LongRunning);
        await running.Task;
        log.AttachTo(loop, Everything);
        await run.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Two_instruments_hear_each_what_they_asked_for_in_the_order_in_which_they_came() => Loop.Run(async () =>
    {
        var lines = new List<string>();
        var ends = new LogInstrument(lines, "1 ");
        var begins = new LogInstrument(lines, "2 ");
        Loop.CurrentTask!.Name = "main";
        ends.AttachTo(Loop.Current, Hearing.StepEnds);
        begins.AttachTo(Loop.Current, Hearing.StepBegins | Hearing.StepEnds);
        await Loop.Yield();
        await Loop.Yield();
        ends.Detach();
        await Loop.Yield();
        begins.Detach();
        lines.Should().Equal("2 begin main", "1 end main", "2 end main", "2 begin main", "2 end main", "2 begin main");
        Loop.Current.Core.Heard.Should().Be(Hearing.None);
    });

    [Fact]
    public void Looks_and_sleeps_are_told()
    {
        var clock = new EventLoop.Testing.VirtualClock();
        using var loop = new Loop(new LoopOptions { TimeProvider = clock });
        var log = new LogInstrument();
        log.AttachTo(loop, Hearing.Looks | Hearing.Runs);
        loop.RunUntilComplete(async () => await Loop.Sleep(TimeSpan.FromSeconds(5)));
        log.Lines[0].Should().Be("run");
        log.Lines.Should().Contain("idle 5").And.Contain("look");
        log.Lines[^1].Should().Be("run ended");
    }

    private sealed class LogInstrument(List<string> lines, string prefix = "") : Instrument
    {
        private Loop? loop;

        public LogInstrument()
            : this([])
        {
        }

        public List<string> Lines => lines;

        public List<TimeSpan> Steps { get; } = [];

        public void AttachTo(Loop heard, Hearing what)
        {
            loop = heard;
            heard.Core.Instruments.Add(this, what);
        }

        public void Detach() => loop!.Core.Instruments.Remove(this);

        internal override void OnTaskMade(LoopContext task, LoopContext? creator) => Add($"made {Name(task)} by {Name(creator)}");

        internal override void OnTaskEnded(LoopContext task)
        {
            task.Task!.IsCompleted.Should().BeTrue();
            Add($"ended {Name(task)}");
        }

        internal override void OnStepBegin(LoopItem item, in HeardStep step) => Add($"begin {Name(step.Context)}{(step.IsInner ? " within" : "")}");

        internal override void OnStepEnd(in HeardStep step)
        {
            Steps.Add(TimeSpan.FromTicks(step.Duration));
            Add($"end {Name(step.Context)}{(step.IsInner ? " within" : "")}");
        }

        internal override void OnParked(LoopContext context, WaitNode node)
        {
            node.Target.Should().NotBeNull();
            Add($"parked {Name(context)}");
        }

        internal override void OnWoken(LoopContext woken, LoopContext? by) => Add($"woken {Name(woken)} by {Name(by)}");

        internal override void OnLook(long now) => Add("look");

        internal override void OnIdle(long began, long duration) => Add($"idle {TimeSpan.FromTicks(duration).TotalSeconds}");

        internal override void OnRunBegin() => Add("run");

        internal override void OnRunEnd() => Add("run ended");

        private void Add(string line) => lines.Add(prefix + line);

        private static string Name(LoopContext? context) => context is null ? "nobody" : context.Task?.Name ?? "a callback";
    }

    private sealed class ManualClock : TimeProvider
    {
        private long seconds;

        public long Readings { get; private set; }

        public override long TimestampFrequency => 1;

        public void Advance(int by) => seconds += by;

        public override long GetTimestamp()
        {
            Readings++;
            return seconds;
        }
    }
}
