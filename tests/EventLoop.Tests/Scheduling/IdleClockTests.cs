using EventLoop.Scheduling;
using EventLoop.Testing;

namespace EventLoop.Tests.Scheduling;

public sealed class IdleClockTests : LoopTest
{
    [Fact]
    public void Work_that_comes_back_between_the_look_at_it_and_the_park_makes_the_loop_look_again() => LooksAgainAfter(static core => core.EndFlight());

    [Fact]
    public void Token_callbacks_that_end_between_the_look_at_them_and_the_park_make_the_loop_look_again() =>
        LooksAgainAfter(static core => core.EndCallbacks());

    [Fact]
    public void A_loop_that_is_left_alone_on_a_shared_clock_jumps_to_its_next_deadline()
    {
        var clock = new VirtualClock();
        using var bothRun = new Barrier(2);
        using var firstSleeps = new ManualResetEventSlim();
        TimeSpan slept = default;
        Task other = Task.Run(() => OnThread(() => RunLoop(
            async () =>
            {
                bothRun.SignalAndWait();
                TimeSpan start = Loop.Current.Time;
                Loop.Current.CallSoon(firstSleeps.Set);
                await Loop.Sleep(Seconds(5));
                slept = Loop.Current.Time - start;
            },
            new LoopOptions { TimeProvider = clock })));
        RunLoop(
            async () =>
            {
                bothRun.SignalAndWait();
                firstSleeps.Wait();
                await Loop.Yield();
            },
            new LoopOptions { TimeProvider = clock });

        other.Wait(TimeSpan.FromSeconds(30)).Should().BeTrue();
        slept.Should().Be(Seconds(5));
    }

    private void LooksAgainAfter(Action<LoopCore> change)
    {
        var clock = new ScriptedClock();
        RunLoop(
            async () =>
            {
                LoopCore core = Loop.Current.Core;
                core.BeginFlight();
                core.BeginCallbacks();
                var done = new LoopFuture<bool>();
                bool changed = false;
                clock.Idle = () =>
                {
                    if (!changed)
                    {
                        changed = true;
                        change(core);
                        return false;
                    }

                    done.TrySetResult(true);
                    return true;
                };
                await done;
            },
            new LoopOptions { TimeProvider = clock });
    }

    private sealed class ScriptedClock : TimeProvider, IIdleClock
    {
        public Func<bool> Idle { get; set; } = static () => false;

        void IIdleClock.Attach(LoopCore core) => core.Instruments.Add(new Idleness(this), Hearing.Parking);

        void IIdleClock.Left(LoopCore core)
        {
        }

        private sealed class Idleness(ScriptedClock clock) : Instrument
        {
            internal override bool FindsWork(long nextDue) => clock.Idle();
        }
    }
}
