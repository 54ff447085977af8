namespace EventLoop.Tests.Running;

/// <summary>What a clock of the user's throws, or answers, ends no loop and spoils no thread.</summary>
[RealTime("the clocks here are the system's with faults, and it is the loop's own waits that are looked at")]
public sealed class FaultyClockTests : LoopTest
{
    private readonly FaultyClock _clock = new();

    private LoopOptions OnIt => Options with { TimeProvider = _clock };

    [Fact]
    public void A_clock_that_throws_fails_the_sleep_that_asked_it() => RunLoop(async () =>
    {
        _clock.FailsAt = static _ => true;

        Exception? thrown = await Catch(Loop.Sleep(1));

        thrown.Should().Match(static failure => FaultyClock.IsItsFailure((Exception)failure!));
    }, OnIt);

    [Fact]
    public void A_sleep_that_the_clock_fails_passes_through_the_finally_blocks_around_it() => RunLoop(async () =>
    {
        (await Catch(Sleeps())).Should().NotBeNull();

        Log.Should().Equal("finally");

        async Coroutine Sleeps()
        {
            try
            {
                _clock.FailsAt = static _ => true;
                await Loop.Sleep(1);
            }
            finally
            {
                _clock.FailsAt = static _ => false;
                Log.Add("finally");
            }
        }
    }, OnIt);

    [Fact]
    public void Run_throws_what_the_clock_threw_in_main_and_the_thread_runs_another_loop()
    {
        Exception? thrown = Record.Exception(() => RunLoop(async () =>
        {
            _clock.FailsAt = static _ => true;
            await Loop.Sleep(1);
        }, OnIt));

        thrown.Should().Match(static failure => FaultyClock.IsItsFailure((Exception)failure!));
        Loop.TryGetCurrent(out _).Should().BeFalse();
        RunLoop(async () => await Loop.Yield());
    }

    [Fact]
    public void Calls_that_take_a_delay_throw_what_the_clock_throws_and_leave_nothing_behind() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        _clock.FailsAt = static _ => true;

        Record.Exception(() => loop.Time).Should().NotBeNull();
        Record.Exception(() => loop.CallLater(Seconds(1), () => Log.Add("called"))).Should().NotBeNull();
        Record.Exception(() => loop.CallLater(TimeSpan.Zero, () => Log.Add("called"))).Should().NotBeNull();
        (await Catch(Loop.Timeout(Seconds(1), async _ => await Loop.Yield()))).Should().NotBeNull();
        (await Catch(Loop.WaitFor(Yields(1), Seconds(1)))).Should().NotBeNull();
        (await Catch(CancelScope.MoveOnAfter(Seconds(1), async _ => await Loop.Yield()))).Should().NotBeNull();

        _clock.FailsAt = static _ => false;
        loop.Statistics.TimerCount.Should().Be(0);
        await Yields(2);
        Log.Should().BeEmpty();
    }, OnIt);

    [Fact]
    public void A_clock_that_breaks_while_the_loop_sleeps_is_reported_and_the_sleep_ends_by_the_systems_time()
    {
        RunLoop(async () =>
        {
            long before = _clock.Readings;
            _clock.FailsAt = reading => reading > before + 1;      // the one for the deadline is answered
            await Loop.Sleep(30);
            Log.Add("slept");
        }, OnIt);

        Log.Should().Equal("slept");
        Reported.Should().NotBeEmpty();
        FaultyClock.IsItsFailure(Reported[0].Exception!).Should().BeTrue();
        Reported[0].Message.Should().Contain(nameof(FaultyClock));
    }

    [Fact]
    public void A_clock_that_throws_a_thousand_times_is_reported_a_few_times_with_the_number()
    {
        RunLoop(async () =>
        {
            _clock.FailsAt = static _ => true;
            await Yields(64 * 2000);
        }, OnIt);

        Reported.Should().HaveCountGreaterThan(3).And.HaveCountLessThan(8);
        Reported.Should().Contain(static context => context.Message.Contains("1000 times"));
    }

    [Fact]
    public void Whichever_reading_fails_the_run_ends_as_its_main_does_and_the_thread_is_as_before()
    {
        for (int failing = 3; failing < 60; failing++)      // the first two are the constructor's and the run's begin
        {
            int at = failing;
            var clock = new FaultyClock { FailsAt = reading => reading == at };
            int done = 0;
            Exception? thrown = Record.Exception(() => RunLoop(async () =>
            {
                Loop.Current.CallLater(TimeSpan.FromTicks(5), () => done++);
                await Loop.Gather(Enumerable.Range(0, 3).Select(_ => Naps()));
            }, Options with { TimeProvider = clock }));

            thrown.Should().Match(static failure => failure == null || FaultyClock.IsItsFailure((Exception)failure), $"reading {at} failed");
            Loop.TryGetCurrent(out _).Should().BeFalse();
            (SynchronizationContext.Current is EventLoop.Scheduling.LoopContext).Should().BeFalse();
        }

        static async Coroutine Naps()
        {
            for (int i = 0; i < 3; i++)
            {
                await Loop.Sleep(TimeSpan.FromTicks(10));
                await Loop.Timeout(Seconds(1), static async _ => await Loop.Yield());
            }
        }
    }

    [Theory]
    [InlineData("throw")]
    [InlineData("null")]
    [InlineData("refuse")]
    public void Where_the_timers_of_the_clock_do_not_work_the_loop_looks_at_the_clock_itself(string fault)
    {
        _clock.TimersFail = fault == "throw";
        _clock.TimersAreNull = fault == "null";
        _clock.TimersRefuse = fault == "refuse";
        RunLoop(async () =>
        {
            await Loop.Sleep(5);
            await Loop.Sleep(5);
        }, OnIt);

        Reported.Should().HaveCount(fault == "refuse" ? 0 : 1);
    }

    [Fact]
    public void A_loop_is_not_made_with_a_clock_that_cannot_be_read_and_the_thread_is_as_before()
    {
        _clock.FailsAt = static _ => true;

        Record.Exception(() => new Loop(OnIt)).Should().Match(static failure => FaultyClock.IsItsFailure((Exception)failure!));
        Record.Exception(() => RunLoop(async () => await Loop.Yield(), Options with { TimeProvider = new Stopped() }))
            .Should().BeOfType<ArgumentException>().Which.Message.Should().Contain(nameof(TimeProvider.TimestampFrequency));

        Loop.TryGetCurrent(out _).Should().BeFalse();
        RunLoop(async () => await Loop.Yield());
    }

    [Fact]
    public void A_clock_that_jumps_back_behind_the_beginning_ends_nothing()
    {
        RunLoop(async () =>
        {
            _clock.Shift = static _ => -TimeSpan.FromDays(400).Ticks * 100;
            Loop loop = Loop.Current;
            await Loop.Yield();
            loop.IsRunning.Should().BeTrue();
            loop.Statistics.BusyTime.Should().BeGreaterThanOrEqualTo(TimeSpan.Zero);
            await Loop.Sleep(5);       // counted from the time that it is now
            loop.Statistics.IdleTime.Should().BeGreaterThanOrEqualTo(TimeSpan.Zero);
        }, OnIt);
    }

    [Fact]
    public void A_clock_that_answers_nonsense_ends_nothing()
    {
        var random = new Random(7);
        RunLoop(async () =>
        {
            _clock.Shift = _ =>
            {
                lock (random)
                {
                    return random.Next(3) == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : 0;
                }
            };
            LoopTask[] sleepers = [.. Enumerable.Range(0, 20).Select(static i => Loop.CreateTask(Loop.Sleep(TimeSpan.FromTicks(i * 1000))))];
            for (int i = 0; i < 500; i++)
            {
                _ = (Loop.Current.Statistics, Loop.Current.Time);
                await Yields(70);
            }

            Array.ForEach(sleepers, static sleeper => sleeper.Cancel());
            await Loop.Wait(sleepers);
        }, OnIt);

        Reported.Should().BeEmpty();
    }

    [Fact]
    public void What_foreign_code_throws_in_a_timer_of_a_virtual_clock_is_reported()
    {
        var clock = new EventLoop.Testing.VirtualClock();
        RunLoop(async () =>
        {
            using ITimer timer = clock.CreateTimer(static _ =>
                throw new InvalidOperationException("in a timer"), null, Seconds(1), System.Threading.Timeout.InfiniteTimeSpan);
            await Loop.Sleep(Seconds(2));
            Log.Add("slept");
        }, Options with { TimeProvider = clock });

        Log.Should().Equal("slept");
        Reported.Should().ContainSingle().Which.Exception!.Message.Should().Be("in a timer");
    }

    private sealed class Stopped : TimeProvider
    {
        public override long TimestampFrequency => 0;
    }
}
