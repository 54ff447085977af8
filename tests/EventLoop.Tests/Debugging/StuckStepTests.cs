using System.Diagnostics;

namespace EventLoop.Tests.Debugging;

/// <summary>Debug mode names a step that does not end while it has not ended.</summary>
[RealTime("how long a step takes is measured by the system's time, whatever clock the loop goes by")]
public sealed class StuckStepTests : LoopTest
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(200);     // longer than what a busy machine makes of a short step

    private LoopOptions Watched => DebugOptions with { StuckStepThreshold = Limit, SlowStepThreshold = TimeSpan.FromMinutes(1) };

    private IEnumerable<LogEntry> Told => Logger.Warnings.Where(static entry => entry.Event.Name == "StuckStep");

    [Fact]
    public void A_step_that_does_not_end_is_named_while_it_runs_with_its_method() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(EndlessMethod(), "endless");
        await task;

        // A busy machine may make a long step of another one, too.
        Told.Should().ContainSingle(static entry =>
            entry.Message.Contains("task 'endless'", StringComparison.Ordinal)).Which.Message.Should().Contain(nameof(EndlessMethod));
    }, Watched);

    [Fact]
    public void A_callback_that_does_not_end_is_named_by_its_method() => RunLoop(async () =>
    {
        Loop.Current.CallSoon(EndlessCallback);
        await Yields(2);

        Told.Should().ContainSingle(static entry => entry.Message.Contains(nameof(EndlessCallback), StringComparison.Ordinal));
    }, Watched);

    [Fact]
    public void It_is_said_once_of_each_step() => RunLoop(async () =>
    {
        await EndlessMethod();
        Spin(Limit * 2);
        await Loop.Yield();
        int once = Told.Count();      // of this step and, on a busy machine, of another one
        once.Should().BeInRange(1, 2);

        await EndlessMethod();

        SpinWait.SpinUntil(() => Told.Count() > once, TimeSpan.FromSeconds(5)).Should().BeTrue();
        await Loop.Yield();
        Told.Count().Should().BeInRange(once + 1, once + 2);
    }, Watched);

    [Fact]
    public void A_loop_that_sleeps_or_has_many_short_steps_is_not_stuck() => RunLoop(async () =>
    {
        // A machine so busy that it makes a long step of a short one does not do so each time.
        bool wasTold = true;
        for (int attempt = 0; attempt < 10 && wasTold; attempt++)
        {
            int before = Told.Count();
            await Loop.Sleep(Limit * 3);
            var watch = System.Diagnostics.Stopwatch.StartNew();
            while (watch.Elapsed < Limit * 3)
            {
                await Loop.Yield();
            }

            wasTold = Told.Count() > before;
        }

        wasTold.Should().BeFalse();
    }, Watched);

    [Fact]
    public void Without_debug_mode_nobody_watches() => RunLoop(async () =>
    {
        Spin(Limit * 3);
        await Loop.Yield();

        Told.Should().BeEmpty();
    }, Watched with { Debug = false });

    [Fact]
    public void Debug_mode_that_is_set_while_the_loop_runs_begins_to_watch_and_ends_it() => RunLoop(async () =>
    {
        Loop.Current.Debug = true;
        await Loop.Yield();
        await EndlessMethod();
        Told.Should().ContainSingle();

        Loop.Current.Debug = false;
        await Loop.Yield();
        Spin(Limit * 3);
        await Loop.Yield();
        Told.Should().ContainSingle();
    }, Watched with { Debug = false });

    [Fact]
    public void An_infinite_threshold_turns_it_off_and_one_of_zero_is_refused()
    {
        RunLoop(async () =>
        {
            await Loop.Yield();
            Spin(Limit * 3);
            await Loop.Yield();
        }, Watched with { StuckStepThreshold = System.Threading.Timeout.InfiniteTimeSpan });

        Told.Should().BeEmpty();
        FluentActions.Invoking(() => new Loop(Watched with { StuckStepThreshold = TimeSpan.Zero })).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void A_slow_callback_is_named_by_its_method() => RunLoop(async () =>
    {
        Loop.Current.CallSoon(SlowCallback);
        Loop.Current.CallSoon(static _ => SlowCallback(), 1);
        LoopFuture future = Loop.Current.CreateFuture();
        future.AddDoneCallback(WhenDone);
        future.SetResult();
        await Yields(3);

        string[] told = [.. Logger.Warnings.Where(static entry => entry.Event.Name == "SlowStep").Select(static entry => entry.Message)];
        told.Should().Contain(static text => text.Contains($"{nameof(StuckStepTests)}.{nameof(SlowCallback)}"));
        told.Should().Contain(static text => text.Contains(nameof(A_slow_callback_is_named_by_its_method)));
        told.Should().Contain(static text => text.Contains(nameof(WhenDone)));
    }, DebugOptions with { SlowStepThreshold = TimeSpan.FromMilliseconds(1) });

    private async Coroutine EndlessMethod()
    {
        await Loop.Yield();
        int before = CountOf(nameof(EndlessMethod));
        SpinWait.SpinUntil(() => CountOf(nameof(EndlessMethod)) > before, TimeSpan.FromSeconds(10)).Should().BeTrue();
    }

    private void EndlessCallback() => SpinWait.SpinUntil(() => CountOf(nameof(EndlessCallback)) > 0, TimeSpan.FromSeconds(10));

    private int CountOf(string method) => Told.Count(entry => entry.Message.Contains(method, StringComparison.Ordinal));

    private static void SlowCallback() => Spin(TimeSpan.FromMilliseconds(3));

    // By an exact clock: SpinWait's goes by ticks of four milliseconds, and may be over at once.
    private static void Spin(TimeSpan time)
    {
        long from = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(from) < time)
        {
            Thread.SpinWait(10);
        }
    }

    private static void WhenDone(LoopAwaitable done) => SlowCallback();
}
