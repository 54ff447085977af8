using System.Collections.Concurrent;
using System.Diagnostics;
using EventLoop.Diagnostics;

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
        Thread.Sleep(600);
        await Loop.Sleep(1);
        await Loop.ToThread(() => { _ = told.TryTake(out _, 5000); _ = told.TryTake(out var second, 5000); told.Add(second!); });

        var over = told.Take();
        over.IsOver.Should().BeTrue();
        over.TaskId.Should().Be(id);
        over.Duration.Should().BeGreaterThan(TimeSpan.FromMilliseconds(300));
        over.Stack.Should().NotBeNull();
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
        for (int round = 0; round < 20 && over is null; round++)      // a watch that gets no core at all may miss one
        {
            await Loop.Sleep(1);
            for (long then = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(then).TotalMilliseconds < 500;)
            {
                GC.Collect();
            }

            over = await Loop.ToThread(() =>
            {
                StallReport? last;
                while (told.TryTake(out last, 1000) && !(last.IsOver && last.Collector > TimeSpan.FromMilliseconds(50)))
                {
                }

                return last;
            });
        }

        over.Should().NotBeNull("the step collected for half a second");
        watching.StallLimit = null;
    });

    [Fact]
    public void A_limit_that_is_no_time_is_refused() => RunLoop(async () =>
    {
        await Loop.Yield();
        FluentActions.Invoking(static () => Loop.Current.Diagnostics.StallLimit = TimeSpan.Zero).Should().Throw<ArgumentOutOfRangeException>();
    });
}
