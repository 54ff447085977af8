using Microsoft.Extensions.Logging;

namespace EventLoop.Testing.Tests;

public class DeadlockTests
{
    private sealed class Lines : ILoggerFactory, ILogger
    {
        internal readonly List<string> All = [];

        internal Action? Told { get; set; }

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            All.Add($"{eventId.Name}: {formatter(state, exception)}");
            Told?.Invoke();
        }

        public void Dispose()
        {
        }
    }

    private static async Coroutine TakeBoth(AsyncLock first, AsyncLock second)
    {
        using (await first.AcquireAsync())
        {
            await Loop.Sleep(1);
            using (await second.AcquireAsync())
            {
            }
        }
    }

    [Fact]
    public void Two_tasks_that_wait_for_each_others_locks_are_shown_as_a_cycle()
    {
        var run = () => TestLoop.Run(async () =>
        {
            AsyncLock a = new(), b = new();
            var one = Loop.CreateTask(TakeBoth(a, b), "one");
            var two = Loop.CreateTask(TakeBoth(b, a), "two");
            await Loop.Gather(one, two);
        });
        run.Should().Throw<LoopDeadlockException>().WithMessage(
            "*task 'one' waits on lock (held by task 'two') since 0.001 s*Cycle:*task 'one' -> lock (held by task 'two') -> task 'two' -> lock (held by task "
                + "'one') -> task 'one'*");
    }

    [Fact]
    public void An_ordinary_loop_in_debug_mode_logs_the_report_once()
    {
        var lines = new Lines();
        var run = () => Loop.Run(
            async () =>
            {
                AsyncLock a = new(), b = new();
                var main = Loop.CurrentTask!;
                var loop = Loop.Current;
                lines.Told = () => ThreadPool.QueueUserWorkItem(_ =>
                {
                    loop.Post(() => { });      // it stands still once more
                    loop.Post(() => main.Cancel());
                });
                await Loop.Gather(Loop.CreateTask(TakeBoth(a, b), "one"), Loop.CreateTask(async Task () => await TakeBoth(b, a), "two"));
            },
            // a slow step on a busy machine is no standstill
            new LoopOptions { Debug = true, LoggerFactory = lines, SlowStepThreshold = TimeSpan.FromMinutes(1) });
        run.Should().Throw<LoopCanceledException>();
        lines.All.Where(line => line.StartsWith("Deadlock", StringComparison.Ordinal)).Should().ContainSingle()
            .Which.Should().Contain("has come to a standstill").And.Contain("task 'one' -> lock (held by task 'two') -> task 'two'").And.Contain("DeadlockTests");
    }

    [Fact]
    public void An_ordinary_loop_that_waits_for_something_from_outside_is_not_accused()
    {
        var lines = new Lines();
        var clock = new VirtualClock();
        Loop.Run(
            async () =>
            {
                var loop = Loop.Current;
                await Task.Run(() => UntilIdle(clock));
                await Task.Run(() => UntilIdle(clock)).OnLoop();
                await Loop.ToThread(() => UntilIdle(clock));
                var future = new LoopFuture();
                ThreadPool.QueueUserWorkItem(_ =>
                {
                    UntilIdle(clock);
                    loop.Post(() => future.SetResult());
                });
                await future;
                var forever = Loop.CreateTask(Loop.Sleep(Timeout.InfiniteTimeSpan));
                ThreadPool.QueueUserWorkItem(_ =>
                {
                    UntilIdle(clock);
                    loop.Post(() => forever.Cancel());
                });
                await Loop.Wait([forever]);
            },
            new LoopOptions { Debug = true, LoggerFactory = lines, TimeProvider = clock });
        lines.All.Should().NotContain(line => line.StartsWith("Deadlock", StringComparison.Ordinal));
    }

    [Fact]
    public void When_nothing_can_ever_run_again_the_report_names_every_task_and_its_wait()
    {
        var run = () => TestLoop.Run(async () =>
        {
            var never = new LoopFuture();
            await Loop.Sleep(1500);
            await Loop.CreateTask(Reader(never), "reader");
        });
        string report = run.Should().Throw<LoopDeadlockException>().Which.Message;
        report.Should().Contain("task 'test' waits on task 'reader' since 1.5 s");
        report.Should().Contain("task 'reader' waits on future since 1.5 s, in DeadlockTests.Reader");
        report.Should().Contain("created by task 'test'");
        report.Should().Contain("awaited by task 'test'");

        static async Coroutine Reader(LoopFuture future) => await future;
    }

    [Fact]
    public void A_child_that_awaits_the_host_of_its_group_closes_a_ring_and_names_who_waits_for_it()
    {
        var run = () => TestLoop.Run(async () =>
        {
            var host = Loop.CurrentTask!;
            await TaskGroup.Run(async group =>
            {
                group.StartSoon(async () => await host, "child");
                await Loop.Yield();
            }, "house");
        });
        string report = run.Should().Throw<LoopDeadlockException>().Which.Message;
        report.Should().Contain("task 'test' waits on task group 'house'").And.Contain("task 'child' waits on task 'test'");
        report.Should().MatchRegex("Cycle:\\s+task 'test' -> task group 'house' [^\n]* -> task 'child' -> task 'test'");
        report[report.IndexOf("  task 'child' waits", StringComparison.Ordinal)..].Should().Contain("awaited by task 'test'");
    }

    [Fact]
    public void A_sleep_without_end_is_a_deadlock_in_a_test()
    {
        var run = () => TestLoop.Run(async () => await Loop.Sleep(Timeout.InfiniteTimeSpan));
        run.Should().Throw<LoopDeadlockException>().WithMessage("*sleep (forever)*");
    }

    [Fact]
    public void Foreign_work_that_comes_back_however_late_is_no_deadlock()
    {
        var clock = new VirtualClock();
        var real = new VirtualClock();
        TestLoop.Run(
            async () =>
            {
                await Task.Run(ComeBackLate);
                await Task.Run(ComeBackLate).OnLoop();
                await Loop.ToThread(ComeBackLate);
            },
            new TestLoopOptions { Clock = clock, RealClock = real });

        void ComeBackLate()
        {
            UntilIdle(clock);
            real.Advance(TimeSpan.FromSeconds(5));      // the grace is over, the test's time limit is not
            UntilIdle(clock);
        }
    }

    public static TheoryData<string, Func<LoopFuture, Task>> MethodsOfDotnet => new()
    {
        { "one", Await },
        { "one in another", async never => await Await(never) },
        { "without the context", async never => await AwaitTwice(never).ConfigureAwait(false) },
        { "a value task", async never => await AwaitValue(never) },
        { "a coroutine in between", async never => await Coroutines(never) },
        { "a lambda with a loop", async never =>
            {
                for (int i = 0; i < 3; i++)
                {
                    await Task.Yield();
                    await Loop.Yield();
                }

                await Await(never).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        },
    };

    private static async Task Await(LoopFuture future) => await future;

    private static async Task<int> AwaitTwice(LoopFuture future)
    {
        await Task.Yield();
        await Await(future);
        return 1;
    }

    private static async ValueTask<int> AwaitValue(LoopFuture future) => await AwaitTwice(future).ConfigureAwait(false);

    private static async Coroutine Coroutines(LoopFuture future) => await Await(future);

    [Theory]
    [MemberData(nameof(MethodsOfDotnet), DisableDiscoveryEnumeration = true)]
    public void Async_methods_of_dotnet_that_wait_on_the_loop_are_a_deadlock(string what, Func<LoopFuture, Task> method)
    {
        var run = () => TestLoop.Run(async () => await method(new LoopFuture()));
        run.Should().Throw<LoopDeadlockException>(what).WithMessage("*task 'test' waits on future*");
    }

    [Fact]
    public void A_deadlock_of_methods_of_dotnet_in_several_tasks_is_seen()
    {
        var run = () => TestLoop.Run(async () =>
        {
            AsyncLock a = new(), b = new();
            var one = Loop.CreateTask(Task () => Both(a, b), "one");
            await Both(b, a);
            await one;
        });
        run.Should().Throw<LoopDeadlockException>().WithMessage("*Cycle:*");

        static async Task Both(AsyncLock first, AsyncLock second) => await TakeBoth(first, second);
    }

    [Fact]
    public void A_method_that_waits_on_the_loop_aside_does_not_make_a_deadlock_of_foreign_work()
    {
        var clock = new VirtualClock();
        var real = new VirtualClock();
        TestLoop.Run(
            async () =>
            {
                var future = new LoopFuture();
                var aside = AwaitTwice(future);
                await Task.Run(ComeBackLate);
                await FarAsync(1);
                await Task.WhenAny(aside, FarAsync(2));
                future.SetResult();
                await aside;
            },
            new TestLoopOptions { Clock = clock, RealClock = real });

        async Task FarAsync(int depth)
        {
            if (depth > 0)
            {
                await FarAsync(depth - 1);
                return;
            }

            await Task.Run(ComeBackLate).ConfigureAwait(false);
        }

        void ComeBackLate()
        {
            UntilIdle(clock);
            real.Advance(TimeSpan.FromSeconds(5));      // the grace is over, the test's time limit is not
            UntilIdle(clock);
        }
    }

    [Fact]
    public void An_unannounced_thread_has_a_grace_and_no_more()
    {
        var clock = new VirtualClock();
        var real = new VirtualClock();
        var run = () => TestLoop.Run(
            async () =>
            {
                ThreadPool.QueueUserWorkItem(_ =>
                {
                    UntilIdle(clock);
                    real.Advance(TimeSpan.FromSeconds(5));
                });
                await new LoopFuture();
            },
            new TestLoopOptions { Clock = clock, RealClock = real });
        run.Should().Throw<LoopDeadlockException>();
    }

    // From another thread. Twice, because the answer comes when the loop finds nothing to do, just before it looks for a deadlock.
    private static void UntilIdle(VirtualClock clock)
    {
        clock.Advance(TimeSpan.Zero);
        clock.Advance(TimeSpan.Zero);
    }

    [Fact]
    public void A_post_from_another_thread_is_no_deadlock() => TestLoop.Run(
        async () =>
        {
            var future = new LoopFuture();
            var loop = Loop.Current;
            ThreadPool.QueueUserWorkItem(_ => loop.Post(() => future.SetResult()));
            await future;
        },
        new TestLoopOptions { RealClock = new VirtualClock { AutoJump = false } });      // however long the thread takes

    [Fact]
    public void Tasks_are_cancelled_and_cleaned_up_after_a_deadlock()
    {
        bool cleaned = false;
        var run = () => TestLoop.Run(async () =>
        {
            try
            {
                await new LoopFuture();
            }
            finally
            {
                cleaned = true;
            }
        });
        run.Should().Throw<LoopDeadlockException>();
        cleaned.Should().BeTrue();
    }
}
