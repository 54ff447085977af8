using System.Diagnostics;
using System.Net;
using System.Reflection;
using EventLoop.Net;

namespace EventLoop.Testing.Tests;

public class VirtualClockTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_sleep_of_a_year_takes_no_time()
    {
        var real = Stopwatch.StartNew();
        TestLoop.Run(async () =>
        {
            var before = Loop.Current.Time;
            await Loop.Sleep(TimeSpan.FromDays(365));
            (Loop.Current.Time - before).Should().Be(TimeSpan.FromDays(365), "a virtual deadline is met exactly");
        });
        real.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Deadlines_come_one_by_one_in_their_order()
    {
        var log = new List<string>();
        TestLoop.Run(async () =>
        {
            var loop = Loop.Current;
            loop.CallLater(3 * Second, () => log.Add($"c at {loop.Time.TotalSeconds}"));
            loop.CallLater(1 * Second, () => log.Add($"a at {loop.Time.TotalSeconds}"));
            loop.CallLater(2 * Second, () => log.Add($"b at {loop.Time.TotalSeconds}"));
            await Loop.Sleep(4 * Second);
        });
        log.Should().Equal("a at 1", "b at 2", "c at 3");
    }

    [Fact]
    public void Equal_deadlines_run_in_the_order_in_which_they_were_set_whoever_set_them()
    {
        var log = new List<int>();
        TestLoop.Run(async () =>
        {
            var loop = Loop.Current;
            var clock = TestLoop.Clock;
            var tasks = new List<LoopTask>();
            for (int i = 0; i < 20; i++)
            {
                int number = i;
                if (i % 2 == 0)
                {
                    loop.CallLater(Second, () => log.Add(number));
                }
                else
                {
                    clock.CreateTimer(_ => loop.CallSoon(() => log.Add(number)), null, Second, Timeout.InfiniteTimeSpan);
                }
            }

            await Loop.Sleep(2 * Second);
        });
        log.Should().Equal(Enumerable.Range(0, 20));
    }

    [Fact]
    public void A_deadline_does_not_overtake_a_callback_that_is_due_before_it_at_the_same_time() => TestLoop.Run(async () =>
    {
        var future = new LoopFuture<int>();
        Loop.Current.CallLater(Second, () => future.SetResult(5));
        (await Loop.WaitFor(future, Second)).Should().Be(5);
    });

    [Fact]
    public void Foreign_code_that_takes_a_TimeProvider_runs_on_it()
    {
        TestLoop.Run(async () =>
        {
            var clock = TestLoop.Clock;
            await Task.Delay(TimeSpan.FromHours(5), clock);
            clock.Elapsed.Should().Be(TimeSpan.FromHours(5));

            using var timer = new PeriodicTimer(TimeSpan.FromMinutes(1), clock);
            for (int i = 0; i < 10; i++)
            {
                (await timer.WaitForNextTickAsync()).Should().BeTrue();
            }

            clock.Elapsed.Should().Be(TimeSpan.FromHours(5) + TimeSpan.FromMinutes(10));

            using var source = new CancellationTokenSource(TimeSpan.FromDays(1), clock);
            var waiting = () => Task.Delay(Timeout.InfiniteTimeSpan, clock, source.Token);
            await waiting.Should().ThrowAsync<OperationCanceledException>();
            clock.Elapsed.Should().Be(TimeSpan.FromDays(1) + TimeSpan.FromHours(5) + TimeSpan.FromMinutes(10));
        });
    }

    [Fact]
    public void Its_wall_clock_goes_with_it()
    {
        var clock = new VirtualClock(new DateTimeOffset(2026, 12, 31, 23, 59, 59, TimeSpan.Zero));
        TestLoop.Run(async () => await Loop.Sleep(2 * Second), new TestLoopOptions { Clock = clock });
        clock.GetUtcNow().Should().Be(new DateTimeOffset(2027, 1, 1, 0, 0, 1, TimeSpan.Zero));
        clock.TimestampFrequency.Should().Be(TimeSpan.TicksPerSecond);
        clock.GetElapsedTime(0).Should().Be(2 * Second);
    }

    [Fact]
    public void Its_wall_clock_is_UTC_wherever_its_start_was_told()
    {
        var clock = new VirtualClock(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.FromHours(2)));
        clock.GetUtcNow().Should().BeExactly(new DateTimeOffset(2026, 6, 1, 10, 0, 0, TimeSpan.Zero));
        clock.GetLocalNow().Should().BeExactly(clock.GetUtcNow());
    }

    [Fact]
    public void Its_wall_clock_ends_where_dates_end()
    {
        var clock = new VirtualClock(new DateTimeOffset(9999, 12, 31, 23, 0, 0, TimeSpan.FromHours(2)));
        clock.Advance(TimeSpan.FromHours(2));
        clock.GetUtcNow().Should().BeExactly(new DateTimeOffset(9999, 12, 31, 23, 0, 0, TimeSpan.Zero));
        clock.Advance(TimeSpan.FromDays(1));
        clock.GetUtcNow().Should().BeExactly(DateTimeOffset.MaxValue);
    }

    [Fact]
    public void Executor_work_in_flight_holds_time_still()
    {
        for (int i = 0; i < 50; i++)
        {
            TestLoop.Run(async () =>
            {
                using var go = new ManualResetEventSlim();
                var job = Loop.CreateTask(Loop.ToThread(() => go.Wait()));
                var sleep = Loop.CreateTask(Loop.Sleep(TimeSpan.FromHours(1)));
                await Loop.Yield();
                await Loop.Yield();
                TestLoop.Clock.Elapsed.Should().Be(TimeSpan.Zero);
                go.Set();
                await job;
                TestLoop.Clock.Elapsed.Should().Be(TimeSpan.Zero, "the job came back before time went on");
                await sleep;
            });
        }
    }

    [Fact]
    public void A_timeout_never_beats_executor_work_that_takes_no_virtual_time()
    {
        for (int i = 0; i < 200; i++)
        {
            TestLoop.Run(async () => (await Loop.WaitFor(Loop.ToThread(() => 42), Second)).Should().Be(42));
        }
    }

    [Fact]
    public void Foreign_work_that_was_announced_holds_time_still()
    {
        for (int i = 0; i < 200; i++)
        {
            TestLoop.Run(async () =>
            {
                int answer = await Loop.WaitFor(TestLoop.HoldTime(Task.Run(() => 42)).OnLoop(), Second);
                answer.Should().Be(42);
                TestLoop.Clock.Elapsed.Should().Be(TimeSpan.Zero);
            });
        }
    }

    [Fact]
    public void Sockets_hold_time_still_and_a_test_that_waits_for_it_is_told()
    {
        var real = new VirtualClock();
        var clock = new VirtualClock();
        var run = () => TestLoop.Run(
            async () =>
            {
                await using var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, 0), static async Coroutine (_) => await Loop.Yield());
                ThreadPool.QueueUserWorkItem(_ =>
                {
                    clock.Advance(TimeSpan.Zero);      // until the loop is idle
                    clock.Advance(TimeSpan.Zero);
                    real.Advance(TimeSpan.FromMinutes(1));
                });
                await Loop.Sleep(Second);
            },
            new TestLoopOptions { Clock = clock, RealClock = real });
        run.Should().Throw<TestLoopException>().WithMessage("*did not end within 30 s*stands still while sockets*IoPatience*accept on 127.0.0.1*");
    }

    [LoopFact]
    public async Coroutine Time_jumps_over_sockets_that_are_quiet_when_it_may()
    {
        TestLoop.Clock.IoPatience = TimeSpan.FromMilliseconds(1);
        await using var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, 0), static async Coroutine (_) => await Loop.Yield());
        await Loop.Sleep(TimeSpan.FromDays(1));
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.FromDays(1));
    }

    [LoopFact]
    public async Coroutine Patience_with_sockets_does_not_hold_up_what_other_threads_bring()
    {
        var real = Stopwatch.StartNew();
        TestLoop.Clock.IoPatience = TimeSpan.FromSeconds(20);
        await using var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, 0), static async Coroutine (_) => await Loop.Yield());
        var sleeping = Loop.CreateTask(Loop.Sleep(Second));
        await Task.Delay(20);
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.Zero);
        sleeping.Cancel();
        real.Elapsed.Should().BeLessThan(10 * Second);
    }

    [LoopFact]
    public async Coroutine What_sockets_bring_comes_before_a_timeout_on_virtual_time()
    {
        await using var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, 0), static async Coroutine (connection) =>
            await connection.WriteAsync("there\n"));
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        (await Loop.WaitFor(client.ReadLineAsync(), TimeSpan.FromTicks(1))).Should().Be("there");
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public void Time_stands_still_while_it_is_inhibited()
    {
        TestLoop.Run(async () =>
        {
            var clock = TestLoop.Clock;
            var sleep = Loop.CreateTask(Loop.Sleep(Second));
            using (clock.Inhibit())
            {
                await Loop.WaitUntilIdle();
                sleep.IsCompleted.Should().BeFalse();
                clock.AdvanceToNextTimer().Should().BeTrue("it moves by hand all the same");
                clock.AdvanceToNextTimer().Should().BeFalse();
            }

            await sleep;
            clock.Elapsed.Should().Be(Second);
        });
    }

    [Fact]
    public void Inside_the_loop_AdvanceAsync_lets_everything_happen_at_its_time()
    {
        var log = new List<string>();
        TestLoop.Run(async () =>
        {
            var clock = TestLoop.Clock;
            clock.AutoJump = false;
            var worker = Loop.CreateTask(async () =>
            {
                for (int i = 1; i <= 3; i++)
                {
                    await Loop.Sleep(Second);
                    log.Add($"{clock.Elapsed.TotalSeconds}");
                }
            });
            await clock.AdvanceAsync(2.5 * Second);
            log.Should().Equal("1", "2");
            clock.Elapsed.Should().Be(2.5 * Second);
            await clock.AdvanceAsync(Second);
            worker.IsCompleted.Should().BeTrue();
            log.Should().Equal("1", "2", "3");
        });
    }

    [Fact]
    public void Between_the_runs_of_a_hand_driven_loop_Advance_drains_it_at_every_deadline()
    {
        var clock = new VirtualClock { AutoJump = false };
        using var loop = new Loop(new LoopOptions { TimeProvider = clock });
        var log = new List<double>();
        loop.Spawn(async () =>
        {
            for (int i = 0; i < 5; i++)
            {
                await Loop.Sleep(Second);
                log.Add(loop.Time.TotalSeconds);
            }
        });
        clock.Advance(TimeSpan.Zero);
        log.Should().BeEmpty();
        clock.Advance(3 * Second);
        log.Should().Equal(1, 2, 3);
        clock.AdvanceToNextTimer().Should().BeTrue();
        log.Should().Equal(1, 2, 3, 4);
        clock.Advance(10 * Second);
        log.Should().Equal(1, 2, 3, 4, 5);
        clock.Elapsed.Should().Be(14 * Second);
        clock.AdvanceToNextTimer().Should().BeFalse();
        loop.Tasks.Should().BeEmpty();
    }

    [Fact]
    public void Another_thread_drives_the_time_of_a_running_loop()
    {
        var clock = new VirtualClock { AutoJump = false };
        using var started = new ManualResetEventSlim();
        var log = new List<double>();
        var thread = new Thread(() => Loop.Run(
            async () =>
            {
                started.Set();
                for (int i = 0; i < 3; i++)
                {
                    await Loop.Sleep(Second);
                    await Task.Delay(Second, clock);
                    log.Add(clock.Elapsed.TotalSeconds);
                }
            },
            new LoopOptions { TimeProvider = clock }));
        thread.Start();
        started.Wait();
        clock.Advance(3 * Second);
        log.Should().Equal(2);
        clock.Advance(3 * Second);
        thread.Join(TimeSpan.FromSeconds(20)).Should().BeTrue();
        log.Should().Equal(2, 4, 6);
    }

    [Fact]
    public void A_clock_without_any_loop_fires_timers_as_it_is_advanced()
    {
        var clock = new VirtualClock();
        var log = new List<string>();
        using var periodic = clock.CreateTimer(_ => log.Add($"tick {clock.Elapsed.TotalSeconds}"), null, Second, 2 * Second);
        using var single = clock.CreateTimer(_ => log.Add($"once {clock.Elapsed.TotalSeconds}"), null, 3 * Second, Timeout.InfiniteTimeSpan);
        clock.Advance(5.5 * Second);
        log.Should().Equal("tick 1", "once 3", "tick 3", "tick 5");
        periodic.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan).Should().BeTrue();
        clock.Advance(TimeSpan.FromDays(1));
        log.Should().HaveCount(4);
        clock.TimerCount.Should().Be(0);
        clock.Invoking(c => c.Advance(-Second)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void A_timer_whose_next_time_is_beyond_the_end_of_all_time_comes_once_more_at_that_end()
    {
        var clock = new VirtualClock();
        int ticks = 0;
        ITimer? timer = null;
        timer = clock.CreateTimer(_ =>
        {
            if (++ticks > 3)
            {
                timer!.Dispose();
            }
        }, null, Second, TimeSpan.MaxValue);
        clock.Advance(TimeSpan.FromDays(365_000));
        ticks.Should().Be(1);
        clock.TimerCount.Should().Be(1);
        clock.AdvanceToNextTimer().Should().BeTrue();
        ticks.Should().Be(2);
        clock.AdvanceToNextTimer().Should().BeFalse();
        clock.TimerCount.Should().Be(0);
    }

    [Fact]
    public void A_hundred_thousand_timers_cost_no_time()
    {
        int fired = 0;
        TestLoop.Run(async () =>
        {
            var clock = TestLoop.Clock;
            for (int i = 0; i < 100_000; i++)
            {
                _ = clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(i % 1000), Timeout.InfiniteTimeSpan);
            }

            await Loop.Sleep(TimeSpan.FromSeconds(1000));
        });
        fired.Should().Be(100_000);
    }

    [Fact]
    public void A_timer_that_is_disposed_while_another_thread_changes_it_stays_disposed()
    {
        var clock = new VirtualClock();
        var timer = clock.CreateTimer(static _ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var gate = (Lock)typeof(VirtualClock).GetField("gate", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(clock)!;
        bool changed = true;
        var changing = new Thread(() => changed = timer.Change(Second, Second)) { IsBackground = true };
        lock (gate)
        {
            changing.Start();
            SpinWait.SpinUntil(() => (changing.ThreadState & System.Threading.ThreadState.WaitSleepJoin) != 0, 10 * Second).Should().BeTrue();
            timer.Dispose();
        }

        changing.Join(10 * Second).Should().BeTrue();
        changed.Should().BeFalse();
        clock.TimerCount.Should().Be(0);
        timer.Change(Second, Second).Should().BeFalse();
    }
}
