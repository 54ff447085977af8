using System.Collections.Concurrent;
using System.Diagnostics;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Tests.Diagnostics;

public sealed class StallTests : LoopTest
{
    [Fact]
    [RealTime("a thread beside the loop looks at it")]
    public void A_step_that_takes_too_long_is_told_when_it_passes_the_limit_and_when_it_has_ended() => RunLoop(async () =>
    {
        var told = new BlockingCollection<StallReport>();
        var watching = Loop.Current.Diagnostics;
        watching.StallLimit = TimeSpan.FromMilliseconds(100);
        watching.Stalled += told.Add;
        int id = Loop.CurrentTask!.Id;
        Thread.Sleep(400);
        for (int i = 0; i < 200 && !told.Any(report => !report.IsOver && report.TaskId == id); i++)
        {
            Thread.Sleep(50);
        }

        await Loop.Sleep(1);
        var reports = new List<StallReport>();
        var over = await Loop.ToThread(() =>
        {
            // A busy machine makes long steps of others, too.
            while (told.TryTake(out var report, 10_000))
            {
                reports.Add(report);
                if (report.IsOver && report.TaskId == id && report.Duration > TimeSpan.FromMilliseconds(300))
                {
                    return report;
                }
            }

            return null;
        });

        over.Should().NotBeNull();
        reports.Should().Contain(report => !report.IsOver && report.TaskId == id, "it was told before it had ended");
        over!.Stack.Should().NotBeNull();
        over.ToString().Should().Contain("task 'Task-1'");
        if (over.Processor is { } processor)
        {
            processor.Should().BeLessThan(TimeSpan.FromMilliseconds(300), "it slept");
        }

        watching.StallLimit = null;
    });

    [Fact]
    [RealTime("a thread beside the loop looks at it")]
    public void A_stall_that_nobody_has_subscribed_to_is_logged_and_the_running_step_says_how_long_it_runs() => RunLoop(async () =>
    {
        var loop = Loop.Current;
        loop.Diagnostics.StallLimit = TimeSpan.FromMilliseconds(50);
        LoopSnapshot? seen = null;
        var look = new Thread(() =>
        {
            for (int i = 0; i < 500 && seen?.FindProblems().Any(static one => one.Kind == FindingKind.LongStep) != true; i++)
            {
                Thread.Sleep(10);
                seen = loop.TakeSnapshot();
            }
        });
        look.Start();
        look.Join();
        for (int i = 0; i < 500 && Logger.Entries.Count == 0; i++)
        {
            await Loop.Sleep(10);
        }

        seen!.Running!.Elapsed.Should().BeGreaterThan(TimeSpan.FromMilliseconds(50));
        Logger.Entries.Should().Contain(static entry => entry.ToString()!.Contains("has been running for", StringComparison.Ordinal));
        loop.Diagnostics.StallLimit = null;
    });

    [Fact]
    [RealTime("a thread beside the loop looks at it")]
    public void A_step_of_collections_that_hold_up_the_watch_as_well_is_told_and_given_to_the_collector() => RunLoop(async () =>
    {
        Assert.SkipUnless(File.Exists("/proc/self/schedstat"), "The kernel does not tell what a thread did.");
        var told = new BlockingCollection<StallReport>();
        var watching = Loop.Current.Diagnostics;
        watching.StallLimit = TimeSpan.FromMilliseconds(50);
        watching.Stalled += told.Add;
        StallReport? over = null;
        for (int attempt = 0; attempt < 8 && over is null; attempt++)      // on a crowded machine the step may stand still without collecting
        {
            await Loop.Sleep(1);
            for (long then = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(then).TotalMilliseconds < 500;)
            {
                GC.Collect();
            }

            over = await Loop.ToThread(() =>
            {
                StallReport? last;
                while (told.TryTake(out last, 3_000) && !(last.IsOver && last.Collector > TimeSpan.FromMilliseconds(50)))
                {
                }

                return last;
            });
        }

        over.Should().NotBeNull("the step collected for half a second");
        watching.StallLimit = null;
    });

    [Fact]
    [RealTime("a thread beside the loop looks at it")]
    public void A_stall_is_told_to_the_Activity_in_which_the_step_hangs_and_is_kept_for_whoever_looks() => RunLoop(async () =>
    {
        var loop = Loop.Current;
        using var told = new ManualResetEventSlim();
        var over = Loop.Current.CreateFuture();
        loop.Diagnostics.Stalled += report =>
        {
            // On a crowded machine others stand still as well.
            if (report is { IsOver: false, Who: "task 'Task-1'" })
            {
                told.Set();
            }
            else if (report.IsOver && told.IsSet)
            {
                loop.Post(() => over.TrySetResult());
            }
        };
        await Loop.Yield();
        var activity = new Activity("request").Start();
        loop.Diagnostics.StallLimit = TimeSpan.FromMilliseconds(50);
        told.Wait(TimeSpan.FromSeconds(60)).Should().BeTrue("the step hangs here");
        var during = loop.TakeSnapshot().Stalls.Should().ContainSingle(static stall => !stall.IsOver).Subject;
        await over;
        activity.Stop();
        loop.Diagnostics.StallLimit = null;

        during.Who.Should().Be("task 'Task-1'");
        during.TaskId.Should().Be(1);
        var kept = loop.Diagnostics.LastStalls.Should().ContainSingle(stall => stall.At == during.At, "it is the same one, which is over").Subject;
        kept.IsOver.Should().BeTrue();
        kept.Duration.Should().BeGreaterThanOrEqualTo(during.Duration);
        if (RuntimeTricks.MayReadContexts)
        {
            var tags = activity.Events.Where(static one => one.Name == LoopTelemetry.StallEvent).Select(static one => one.Tags.ToDictionary()).ToList();
            tags.Count.Should().BeGreaterThanOrEqualTo(2);
            tags[0]["eventloop.stall.over"].Should().Be(false);
            tags[1]["eventloop.stall.over"].Should().Be(true);
            tags[1]["eventloop.stall.who"].Should().Be("task 'Task-1'");
            tags[1][LoopTelemetry.NameTag].Should().Be(loop.Name);
            ((double)tags[1]["eventloop.stall.duration"]!).Should().BeGreaterThanOrEqualTo(0.05);
        }

        var json = new MemoryStream();
        loop.TakeSnapshot().WriteJson(json);
        json.Position = 0;
        var read = LoopSnapshot.ReadJson(json);
        read.Stalls.Should().ContainEquivalentOf(kept);
        read.ToString().Should().MatchRegex("STALL .* ago: a step of task 'Task-1' took ");
    });

    // What the watching thread does, without that thread: so it comes as late as a test wants.
    private static (WatchedLoop Watched, List<StallReport> Told) Watch(int limit)
    {
        var told = new List<StallReport>();
        Loop.Current.Diagnostics.Stalled += told.Add;
        return (new WatchedLoop(Loop.Current, Milliseconds(limit), static () => new ThreadTimes(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero)), told);
    }

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static TimeSpan Milliseconds(double number) => TimeSpan.FromMilliseconds(number);

    [Fact]
    [RealTime("steps are measured by the system's clock")]
    public void A_step_that_is_over_before_the_watch_looks_is_told_with_its_task() => RunLoop(async () =>
    {
        var (watched, told) = Watch(limit: 20);
        await Loop.Sleep(1);
        watched.Look(Milliseconds(5), Milliseconds(5));
        Thread.Sleep(60);
        await Loop.Sleep(1);
        watched.Look(Milliseconds(60), Milliseconds(60));

        told.Should().HaveCountGreaterThanOrEqualTo(2);
        told.Should().AllSatisfy(static one => one.TaskId.Should().Be(1)).And.Contain(static one => !one.IsOver);
        var over = told.Should().Contain(static one => one.IsOver && one.Duration >= Milliseconds(59)).Subject;
        over.Stack.Should().NotBeEmpty();
        watched.Leave();
    });

    [Fact]
    [RealTime("steps are measured by the system's clock")]
    public void Time_in_which_the_machine_was_suspended_is_no_stall() => RunLoop(async () =>
    {
        var (watched, told) = Watch(limit: 20);
        await Loop.Sleep(1);
        watched.Look(TimeSpan.Zero, Hour);
        Thread.Sleep(60);
        watched.Look(TimeSpan.Zero, Hour);
        await Loop.Sleep(1);
        watched.Look(TimeSpan.Zero, Hour);
        told.Should().BeEmpty();

        var times = new ThreadTimes(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        StallWatch.Known(Hour, Milliseconds(25), times, times).Should().Be(Milliseconds(50), "the watch neither waited for a core nor for the collector");
        StallWatch.Known(Milliseconds(400), Milliseconds(25), times, times with { Waited = Milliseconds(300) }).Should().Be(Milliseconds(350));
        StallWatch.Known(Milliseconds(400), Milliseconds(25), times, times with { Collector = Milliseconds(390) }).Should().Be(Milliseconds(400));
    });

    [Fact]
    [RealTime("steps are measured by the system's clock")]
    public void Of_steps_that_nobody_has_seen_one_was_a_stall_if_together_they_took_longer_than_they_could_without() => RunLoop(async () =>
    {
        var core = Loop.Current.Core;
        var (watched, told) = Watch(limit: 200_000);
        await Loop.Sleep(1);
        var stretch = new Stretch(core.Clock.Now, core.Clock.Now + Milliseconds(900_000).Ticks, core.Steps, core.Steps + 5, null);
        watched.Note(stretch);
        watched.Look(Hour, Hour);
        told.Should().BeEmpty("each of five may have taken less than the limit");

        watched.Note(stretch with { StepsAfter = core.Steps + 4 });
        watched.Look(Hour, Hour);
        told.Select(static one => (one.Who, one.IsOver)).Should().Equal(("an unknown task", false), ("an unknown task", true));
        told.Should().AllSatisfy(static one => one.Duration.Should().BeCloseTo(Milliseconds(900_000), Milliseconds(10)));

        watched.Note(stretch with { StepsAfter = core.Steps + 4 });
        watched.Look(Hour, Hour);
        told.Should().HaveCount(2, "it was told already");
        watched.Leave();
    });

    [Fact]
    [RealTime("a thread beside the loop looks at it")]
    public void Of_a_step_with_which_the_loop_ends_the_end_is_told_as_well()
    {
        var told = new BlockingCollection<StallReport>();
        RunLoop(async () =>
        {
            await Loop.Yield();
            using var began = new ManualResetEventSlim();
            var watching = Loop.Current.Diagnostics;
            watching.Stalled += report =>
            {
                told.Add(report);
                began.Set();
            };
            watching.StallLimit = Milliseconds(50);
            began.Wait(TimeSpan.FromSeconds(60)).Should().BeTrue("this step hangs");
        });

        StallReport? last;
        while (told.TryTake(out last, TimeSpan.FromSeconds(60)) && !last.IsOver)
        {
        }

        last.Should().NotBeNull();
        last!.Who.Should().Be("task 'Task-1'");
    }

    [Fact]
    public void A_limit_that_is_no_time_is_refused() => RunLoop(async () =>
    {
        await Loop.Yield();
        FluentActions.Invoking(static () => Loop.Current.Diagnostics.StallLimit = TimeSpan.Zero).Should().Throw<ArgumentOutOfRangeException>();
    });

    [Theory]
    [RealTime("a thread beside the loop looks at it")]
    [InlineData(null)]
    [InlineData(60_000)]
    public void A_stall_whose_limit_is_changed_meanwhile_is_over_and_leaves_its_beginning_to_no_other(int? limit) => RunLoop(async () =>
    {
        using var told = new ManualResetEventSlim();
        var watching = Loop.Current.Diagnostics;
        watching.Stalled += report =>
        {
            if (!report.IsOver)
            {
                told.Set();
            }
        };
        await Loop.Yield();
        watching.StallLimit = Milliseconds(50);
        told.Wait(TimeSpan.FromSeconds(60)).Should().BeTrue("this step hangs");
        watching.StallLimit = limit is { } other ? Milliseconds(other) : null;
        var first = watching.LastStalls[0];
        first.IsOver.Should().BeTrue("nobody will see its end");
        await Loop.Sleep(20);
        told.Reset();
        watching.StallLimit = Milliseconds(50);
        told.Wait(TimeSpan.FromSeconds(60)).Should().BeTrue("this one, too");
        watching.StallLimit = null;

        var second = watching.LastStalls[0];
        second.At.Should().BeGreaterThan(first.At + first.Duration);
        watching.LastStalls.Should().Contain(one => one.At == first.At).And.OnlyContain(static one => one.IsOver);
    });
}
