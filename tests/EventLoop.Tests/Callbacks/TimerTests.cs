using System.Runtime.CompilerServices;

namespace EventLoop.Tests.Callbacks;

[UnderSeeds(50)]
public sealed class TimerTests : LoopTest
{
    [Fact]
    public void Timers_run_in_the_order_of_their_deadlines()
    {
        RunLoop(async () =>
        {
            Loop.Current.CallLater(Seconds(3), () => Log.Add("3"));
            Loop.Current.CallLater(Seconds(1), () => Log.Add("1"));
            Loop.Current.CallLater(Seconds(2), () => Log.Add("2"));
            await Loop.Sleep(Seconds(4));
        }, JumpingTime);

        Log.Should().Equal("1", "2", "3");
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Timers_with_equal_deadlines_run_in_insertion_order()
    {
        int[] expected = [.. Enumerable.Range(0, 100)];
        List<int> ran = [];
        RunLoop(async () =>
        {
            TimeSpan when = Loop.Current.Time + Seconds(1);
            foreach (int n in expected)
            {
                Loop.Current.CallAt(when, ran.Add, n);
            }

            await Loop.Sleep(Seconds(2));
        }, JumpingTime);

        ran.Should().Equal(expected);
    }

    [Fact]
    public void A_timer_does_not_run_before_its_deadline_and_runs_at_it()
    {
        RunLoop(async () =>
        {
            Loop.Current.CallLater(Seconds(1), () => Log.Add("timer"));
            Clock.Advance(Seconds(1) - TimeSpan.FromTicks(1));
            await Yields(200);
            Log.Should().BeEmpty();

            Clock.Advance(TimeSpan.FromTicks(1));
            await Yields(200);
            Log.Should().Equal("timer");
        }, ManualTime);
    }

    [Fact]
    public void A_timer_runs_once()
    {
        RunLoop(async () =>
        {
            Loop.Current.CallLater(Seconds(1), () => Log.Add("timer"));
            await Loop.Sleep(Seconds(10));
        }, JumpingTime);

        Log.Should().Equal("timer");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void A_CallLater_that_is_not_positive_is_due_in_the_next_turn_of_a_busy_loop(int seconds)
    {
        RunLoop(async () =>
        {
            Loop.StartSoon(() => Yields(20));
            Loop.Current.CallLater(Seconds(seconds), () => Log.Add("timer"));
            Log.Should().BeEmpty("a timer never runs inline");

            await Yields(2);

            Log.Should().Equal("timer");
        }, ManualTime);
    }

    [Fact]
    public void A_CallAt_in_the_past_is_due_at_once()
    {
        RunLoop(async () =>
        {
            var done = Loop.Current.CreateFuture();
            Loop.Current.CallAt(Loop.Current.Time - Seconds(1), done.SetResult);

            await done;
        }, ManualTime);
    }

    [Fact]
    public void CallLater_computes_its_deadline_from_a_fresh_reading_of_the_clock()
    {
        RunLoop(async () =>
        {
            Clock.Advance(Seconds(100));
            TimerHandle timer = Loop.Current.CallLater(Seconds(1), () => { });

            timer.When.Should().Be(Loop.Current.Time + Seconds(1));
        }, ManualTime);
    }

    [Fact]
    public void When_is_the_deadline_given_to_CallAt()
    {
        RunLoop(async () =>
        {
            TimeSpan when = Loop.Current.Time + Seconds(7);

            Loop.Current.CallAt(when, () => { }).When.Should().Be(when);
        }, ManualTime);
    }

    [Fact]
    public void A_cancelled_timer_does_not_run()
    {
        RunLoop(async () =>
        {
            TimerHandle timer = Loop.Current.CallLater(Seconds(1), () => Log.Add("must not run"));
            timer.Cancel();
            timer.IsCanceled.Should().BeTrue();
            await Loop.Sleep(Seconds(2));
        }, JumpingTime);

        Log.Should().BeEmpty();
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_timer_that_is_due_can_still_be_cancelled_by_one_that_runs_before_it()
    {
        RunLoop(async () =>
        {
            TimerHandle? second = null;
            TimeSpan when = Loop.Current.Time + Seconds(1);
            Loop.Current.CallAt(when, () => second!.Cancel());
            second = Loop.Current.CallAt(when, () => Log.Add("must not run"));
            await Loop.Sleep(Seconds(2));
        }, JumpingTime);

        Log.Should().BeEmpty();
    }

    [Fact]
    public void Cancelling_a_timer_that_has_run_does_nothing_to_later_ones()
    {
        RunLoop(async () =>
        {
            TimerHandle old = Loop.Current.CallLater(Seconds(1), () => Log.Add("old"));
            await Loop.Sleep(Seconds(2));
            Loop.Current.CallLater(Seconds(1), () => Log.Add("new"));
            old.Cancel();
            await Loop.Sleep(Seconds(2));
        }, JumpingTime);

        Log.Should().Equal("old", "new");
    }

    [Fact]
    public void Cancelling_a_timer_frees_its_closure_at_once()
    {
        RunLoop(async () =>
        {
            (TimerHandle timer, WeakReference captured) = Schedule();
            timer.Cancel();

            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();

            captured.IsAlive.Should().BeFalse();
            GC.KeepAlive(timer);
        }, ManualTime);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (TimerHandle Timer, WeakReference Captured) Schedule()
        {
            byte[] captured = new byte[100];
            return (Loop.Current.CallLater(Seconds(1), () => GC.KeepAlive(captured)), new WeakReference(captured));
        }
    }

    [Fact]
    public void CallLater_hands_the_state_to_the_callback()
    {
        RunLoop(async () =>
        {
            Loop.Current.CallLater(Seconds(1), Log.Add, "later");
            Loop.Current.CallAt(Loop.Current.Time + Seconds(2), Log.Add, "at");
            await Loop.Sleep(Seconds(3));
        }, JumpingTime);

        Log.Should().Equal("later", "at");
    }

    [Fact]
    public void A_timer_runs_in_the_context_captured_when_it_was_scheduled()
    {
        RunLoop(async () =>
        {
            var local = new AsyncLocal<string> { Value = "scheduled" };
            Loop.Current.CallLater(Seconds(1), () => Log.Add(local.Value!));
            local.Value = "later";
            await Loop.Sleep(Seconds(2));
        }, JumpingTime);

        Log.Should().Equal("scheduled");
    }

    [Fact]
    public void A_hand_driven_clock_wakes_a_parked_loop()
    {
        using var driver = new Timer(_ =>
        {
            if (Clock.ArmedTimers > 0)
            {
                Clock.Advance(Seconds(1));
            }
        }, null, 1, 1);

        RunLoop(async () =>
        {
            TimeSpan start = Loop.Current.Time;
            await Loop.Sleep(Seconds(3));
            (Loop.Current.Time - start).Should().BeGreaterThanOrEqualTo(Seconds(3));
        }, ManualTime);
    }

    [RealTime("the loop has to park until a deadline comes")]
    [Fact]
    public void A_new_earlier_timer_posted_by_another_thread_shortens_the_wait_of_a_parked_loop()
    {
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            LoopFuture done = loop.CreateFuture();
            loop.CallLater(TimeSpan.FromHours(1), () => Log.Add("hour"));
            var poster = new Thread(() => loop.Post(() => loop.CallLater(TimeSpan.FromMilliseconds(1), done.SetResult)));
            poster.Start();

            await done;
        });

        Log.Should().BeEmpty();
    }

    [RealTime("it is about the system's clock")]
    [Fact]
    public void A_timer_on_the_system_clock_waits_at_least_its_delay()
    {
        RunLoop(async () =>
        {
            long start = TimeProvider.System.GetTimestamp();
            await Loop.Sleep(3);

            TimeProvider.System.GetElapsedTime(start).Should().BeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(3));
        });
    }

    [Fact]
    public void Time_that_is_moved_while_the_loop_sets_its_timer_is_not_missed()
    {
        var clock = new ClockThatMovesUnderTheTimer();

        RunLoop(async () => await Loop.Sleep(Seconds(1)), Options with { TimeProvider = clock });

        clock.Moved.Should().BeTrue();
    }

    [RealTime("it is about a clock of somebody's own, on the system's timers")]
    [Fact]
    public void A_deadline_further_away_than_the_timers_of_a_custom_clock_reach_does_not_hinder_the_loop_from_parking()
    {
        RunLoop(
            async () => await Loop.Timeout(TimeSpan.FromDays(60), static async _ => await Loop.ToThread(static () => Thread.Sleep(5))),
            Options with { TimeProvider = new SystemTimeOfSomebody() });
    }

    private sealed class SystemTimeOfSomebody : TimeProvider;

    // As if another thread advanced it between the loop's reading and its setting of the timer.
    private sealed class ClockThatMovesUnderTheTimer : TimeProvider
    {
        private long _now;

        internal bool Moved { get; private set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Timer(this);

        private sealed class Timer(ClockThatMovesUnderTheTimer clock) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                if (dueTime > TimeSpan.Zero && !clock.Moved)
                {
                    clock._now += TimeSpan.TicksPerSecond * 2;
                    clock.Moved = true;
                }

                return true;
            }

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => default;
        }
    }

    [OneSchedule("it states the order of due callbacks")]
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_overdue_runs_in_the_order_of_its_times_in_the_next_turn(bool busy)
    {
        RunLoop(async () =>
        {
            var loop = Loop.Current;
            if (busy)
            {
                Loop.StartSoon(() => Yields(20));
            }

            await Yields(2);
            loop.CallLater(Seconds(0), () => Log.Add("0"));
            loop.CallLater(Seconds(-1), () => Log.Add("-1"));
            loop.CallAt(loop.Time - Seconds(3), () => Log.Add("-3"));
            loop.CallLater(Seconds(-2), () => Log.Add("-2"));
            loop.CallLater(TimeSpan.MinValue, () => Log.Add("long ago"));
            loop.CallLater(Seconds(0), () => Log.Add("0 again"));
            loop.CallLater(Seconds(0.5), () => Log.Add("not yet"));
            await Yields(2);

            Log.Should().Equal("long ago", "-3", "-2", "-1", "0", "0 again");
        }, ManualTime);
    }

    [OneSchedule("it states the order of due callbacks")]
    [Fact]
    public void What_has_become_due_meanwhile_runs_before_a_CallLater_of_zero()
    {
        RunLoop(async () =>
        {
            var loop = Loop.Current;
            loop.CallLater(Seconds(2), () => Log.Add("2"));
            loop.CallLater(Seconds(1), () => Log.Add("1"));
            await Loop.Yield();
            Clock.Advance(Seconds(5));
            loop.CallLater(TimeSpan.Zero, () => Log.Add("now"));
            await Yields(2);

            Log.Should().Equal("1", "2", "now");
        }, ManualTime);
    }

    [Fact]
    public void When_of_an_overdue_timer_is_Time_and_its_delay() => RunLoop(async () =>
    {
        Clock.Advance(Seconds(10));

        Loop.Current.CallLater(Seconds(-3), static () => { }).When.Should().Be(Seconds(7));
        await Loop.Yield();
    }, ManualTime);

    [Fact]
    public void An_overdue_timer_can_be_cancelled() => RunLoop(async () =>
    {
        TimerHandle timer = Loop.Current.CallLater(Seconds(-3), () => Log.Add("must not run"));
        timer.Cancel();
        await Yields(3);

        Log.Should().BeEmpty();
    }, ManualTime);
}
