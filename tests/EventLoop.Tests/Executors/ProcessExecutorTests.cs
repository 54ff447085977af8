using System.Diagnostics;
using System.Runtime.InteropServices;
using EventLoop.Testing;
using EventLoop.Tests.Processes;
using static EventLoop.Tests.Processes.SubprocessTests;

namespace EventLoop.Tests.Executors;

public sealed class ProcessExecutorTests : ProcessTest
{
    private static readonly ProcessExecutorOptions One = new() { Workers = 1 };

    [Fact]
    public void A_function_runs_in_another_process_and_its_result_comes_back() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        (await pool.Run(static () => Environment.ProcessId)).Should().NotBe(Environment.ProcessId);
        (await pool.Run(static x => x + 1, 41)).Should().Be(42);
        (await pool.Run(Twice, "ab")).Should().Be("abab");
        (await pool.Run(x => x.Name + x.Numbers.Sum(), (Name: "sum ", Numbers: new List<int> { 1, 2, 3 }))).Should().Be("sum 6");
        await pool.Run(static () => { });
        await pool.Run(static text => Console.Out.Flush(), "x");
    });

    [Fact]
    public void Raw_values_travel_as_they_are() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        var numbers = Enumerable.Range(0, 131_072).Select(static i => i * 0.5).ToArray();
        (await pool.Run(static values => values.Select(static value => -value).ToArray(), numbers)).Should().Equal(numbers.Select(static value => -value));
        (await pool.Run(static bytes => bytes, new byte[] { 1, 2 })).Should().Equal(1, 2);
        (await pool.Run<string?, string?>(static text => text, null)).Should().BeNull();
        (await pool.Run<string?, string?>(static text => text, "")).Should().Be("");
        (await pool.Run<int[]?, int[]?>(static values => values, null)).Should().BeNull();
        (await pool.Run(static text => text, "\ud800 ü")).Should().Be("\ud800 ü");
        (await pool.Run(static memory => memory.Length, new ReadOnlyMemory<byte>([1, 2, 3]))).Should().Be(3);
        (await pool.Run(static pair => (pair.Item2, pair.Item1), (1, 2.5))).Should().Be((2.5, 1));
    });

    [Fact]
    public void Asynchronous_work_runs_on_a_loop_of_the_worker() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        (await pool.Run(static async Coroutine<int> (x) =>
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            return Loop.TryGetCurrent(out _) ? x : 0;
        }, 5)).Should().Be(5);
        (await pool.Run(static async Task<int> () =>
        {
            await Task.Delay(1);
            return 7;
        })).Should().Be(7);
        await pool.Run(static async Coroutine (_) => await Loop.Yield(), 1);
    });

    [Fact]
    public void Work_that_captures_is_refused_and_says_what() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        int captured = 3;
        (await Failure<ArgumentException>(async () => await pool.Run(() => captured))).Message.Should().Contain("captured");
        (await Failure<ArgumentException>(async () => await pool.Run(Log.ToString))).Message.Should().Contain("this");
        (await Failure<ArgumentException>(async () => await Loop.RunInExecutor(pool, () => captured))).Message.Should().Contain("captured");
        pool.Statistics.WorkersStarted.Should().Be(0);
    });

    [Fact]
    public void Generic_code_can_be_run() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        (await Name<string>(pool)).Should().Be("String");
        (await pool.Run(Generic<int>.Describe, 4)).Should().Be("Int32 4");

        static Coroutine<string> Name<T>(ProcessExecutor pool) => pool.Run(static () => typeof(T).Name);
    });

    [Fact]
    public void What_the_work_throws_is_thrown_here_with_the_stack_of_the_worker() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        var failure = await Failure<InvalidOperationException>(async () => await pool.Run(Fails));
        failure.Message.Should().Be("by the work");
        failure.ToString().Should().Contain(nameof(Fails)).And.Contain(nameof(FormatException));
        var other = await Failure<WorkerTaskException>(async () => await pool.Run(static void () => throw new Unmakeable(5)));
        other.ExceptionType.Should().Be(typeof(Unmakeable).FullName);
        other.Message.Should().Contain("number 5");
        pool.Statistics.Failed.Should().Be(2);
    });

    [Fact]
    public void A_crash_fails_the_one_piece_of_work_and_the_worker_is_replaced() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        var exit = await Failure<WorkerCrashedException>(async () => await pool.Run(static () => Environment.Exit(3)));
        (exit.Crash, exit.ExitStatus.ExitCode).Should().Be((WorkerCrash.Exited, 3));
        var fast = await Failure<WorkerCrashedException>(async () => await pool.Run(static () => Environment.FailFast("the story")));
        fast.Crash.Should().Be(WorkerCrash.Signaled);
        fast.StandardError.Should().Contain("the story");
        fast.Message.Should().Contain("SIGABRT");
        (await pool.Run(static x => x, 1)).Should().Be(1);
        (pool.Statistics.Crashed, pool.Statistics.WorkersStarted, pool.Statistics.Completed).Should().Be((2, 3, 1));
    });

    [Fact]
    public void One_that_dies_while_it_is_idle_fails_nothing() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        int id = await pool.Run(static () => Environment.ProcessId);
        id.Should().BeGreaterThan(1).And.NotBe(Environment.ProcessId);
        Process.GetProcessById(id).Kill();
        (await pool.Run(static () => Environment.ProcessId)).Should().NotBe(id);
        pool.Statistics.Crashed.Should().Be(0);
    });

    [Fact]
    public void Progress_comes_in_order_and_before_the_result() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        int result = await pool.Run(static (count, context) =>
        {
            for (int i = 0; i < count; i++)
            {
                context.Report(i);
            }

            return count;
        }, 1000, (int progress) => Log.Add($"{progress}"));
        result.Should().Be(1000);
        Log.Should().Equal(Enumerable.Range(0, 1000).Select(static i => $"{i}"));
    });

    [Fact]
    public void A_progress_callback_that_throws_fails_the_run_and_cancels_the_work() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { CancelGrace = TimeSpan.FromMinutes(1) });
        await Failure<FormatException>(async () => await pool.Run(static (x, context) =>
        {
            context.Report(1);
            context.CancellationToken.WaitHandle.WaitOne();
            return x;
        }, 0, (int _) => throw new FormatException()));
        (await pool.Run(static () => 2)).Should().Be(2);
        pool.Statistics.WorkersStarted.Should().Be(1, "the work heeded its token");
    });

    [Fact]
    public void A_cancelled_waiter_goes_on_at_once_and_work_that_heeds_nothing_is_killed() => RunProcesses(async () =>
    {
        var grace = TimeSpan.FromSeconds(1);
        await using var pool = new ProcessExecutor(One with { CancelGrace = grace });
        await pool.WarmUpAsync();
        var running = Loop.CreateTask(pool.Run(Endless));
        while (pool.Statistics.Busy == 0)
        {
            await Loop.Yield();
        }

        var time = Stopwatch.StartNew();
        running.Cancel();
        (await Catch(running)).Should().BeOfType<LoopCanceledException>();
        time.Elapsed.Should().BeLessThan(grace, "whoever has cancelled does not wait for the work");
        pool.GetWorkers().Single().State.Should().Be(WorkerState.Canceling);
        (await pool.Run(static x => x, 1)).Should().Be(1);
        (pool.Statistics.Canceled, pool.Statistics.Crashed, pool.Statistics.WorkersStarted).Should().Be((1, 0, 2));
    });

    [Fact]
    public void Work_that_has_not_begun_is_withdrawn() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        string path = Path.GetTempFileName();
        var first = Loop.CreateTask(pool.Run(static () => Thread.Sleep(50)));
        var second = Loop.CreateTask(pool.Run(static path => File.WriteAllText(path, "ran"), path));
        await Yields(2);
        second.Cancel();
        await first;
        (await Catch(second)).Should().BeOfType<LoopCanceledException>();
        await pool.Run(static () => { });
        (await File.ReadAllTextAsync(path)).Should().BeEmpty();
        File.Delete(path);
    });

    [Fact]
    public void Work_that_takes_too_long_is_a_TimeoutException() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { TaskTimeout = TimeSpan.FromSeconds(1), CancelGrace = TimeSpan.Zero });
        (await Failure<TimeoutException>(async () => await pool.Run(Endless))).Message.Should().Contain(nameof(Endless));
        (await pool.Run(static x => x, 1)).Should().Be(1);
        pool.Statistics.TimedOut.Should().Be(1);
    });

    [Fact]
    public void Map_gives_results_in_order_and_throws_the_first_failure_in_its_place() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 2 });
        foreach (int chunk in new[] { 1, 7 })
        {
            List<int> squares = [];
            await foreach (int square in pool.Map(static x => x * x, Enumerable.Range(0, 100), chunk))
            {
                squares.Add(square);
            }

            squares.Should().Equal(Enumerable.Range(0, 100).Select(static x => x * x));
            List<int> before = [];
            await Failure<DivideByZeroException>(async () =>
            {
                await foreach (int value in pool.Map(static x => 100 / (x - 10), Enumerable.Range(0, 100), chunk))
                {
                    before.Add(value);
                }
            });
            before.Should().HaveCount(10);
        }
    });

    [Fact]
    public void Map_over_an_endless_source_can_be_left_and_is_not_far_ahead() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 2 });
        int taken = 0;
        await foreach (int value in pool.Map(static x => x, Endlessly()))
        {
            if (value == 20)
            {
                break;
            }
        }

        taken.Should().BeLessThanOrEqualTo(21 + 4);
        (await pool.Run(static x => x, 1)).Should().Be(1);

        IEnumerable<int> Endlessly()
        {
            while (true)
            {
                yield return taken++;
            }
        }
    });

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(0)]
    public void The_token_of_an_enumeration_ends_it_while_it_waits_and_cancels_what_runs(int chunk) => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { CancelGrace = TimeSpan.Zero });
        await pool.WarmUpAsync();
        using var source = new CancellationTokenSource();
        var waiting = Loop.CreateTask(async Coroutine () =>
        {
            if (chunk > 0)
            {
                await foreach (int _ in pool.Map(static _ => Endless(), Enumerable.Range(0, 100), chunk).WithCancellation(source.Token))
                {
                }
            }
            else
            {
                await foreach (var _ in pool.AsCompleted(static _ => Endless(), Enumerable.Range(0, 100)).WithCancellation(source.Token))
                {
                }
            }
        });
        while (pool.Statistics.Busy == 0)
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(1));
        }

        source.Cancel();
        (await Catch(waiting)).Should().BeAssignableTo<OperationCanceledException>();
        pool.Statistics.Queued.Should().Be(0);
    });

    [Fact]
    public void AsCompleted_gives_results_and_failures_as_they_come() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 2 });
        Dictionary<int, Outcome<int>> outcomes = [];
        await foreach (var (argument, outcome) in pool.AsCompleted(static x => 10 / x, Enumerable.Range(0, 10)))
        {
            outcomes.Add(argument, outcome);
        }

        outcomes.Should().HaveCount(10);
        outcomes[0].Exception.Should().BeOfType<DivideByZeroException>();
        outcomes[5].Value.Should().Be(2);
    });

    [Fact]
    public void It_is_an_executor_and_the_default_one_from_any_thread() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        (await Loop.RunInExecutor(pool, static () => Environment.ProcessId)).Should().NotBe(Environment.ProcessId);
        await Loop.RunInExecutor(pool, static () => { });
        Loop.Current.DefaultExecutor = pool;
        (await Loop.ToThread(static () => Environment.ProcessId)).Should().NotBe(Environment.ProcessId);
        (await Task.Run(() => pool.SubmitAsync(static () => 5))).Should().Be(5);
        using var source = new CancellationTokenSource();
        var endless = pool.SubmitAsync(Endless, source.Token);
        source.Cancel();
        await Failure<OperationCanceledException>(async () => await endless);
        Loop.Current.DefaultExecutor = new ThreadPoolExecutor();
    });

    [Fact]
    public void An_old_worker_is_replaced_and_nothing_is_stranded() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { MaxTasksPerWorker = 2 });
        var runs = Enumerable.Range(0, 6).Select(_ => Loop.CreateTask(pool.Run(static () => Environment.ProcessId))).ToArray();
        await Loop.Gather(runs);
        runs.Select(static run => run.Result).Distinct().Should().HaveCount(3);
        pool.Statistics.WorkersRecycled.Should().BeGreaterThanOrEqualTo(2);
    });

    [Fact]
    public void Three_failed_starts_fail_what_waits_and_the_next_run_tries_again() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { WorkerCommand = new ProcessCommand("/bin/sh", "-c", "echo no luck >&2; exit 4") });
        var failure = await Failure<WorkerStartException>(async () => await pool.Run(static x => x, 1));
        failure.Message.Should().Contain("exit code 4").And.Contain("no luck");
        pool.Statistics.WorkersStarted.Should().Be(3);
        await Failure<WorkerStartException>(async () => await pool.WarmUpAsync());
        pool.Statistics.WorkersStarted.Should().Be(6);
    });

    private static readonly AsyncLocal<(int Initialized, int Left)> Ambient = new();

    private static (int Initialized, int Left) LeaveBehind(int number)
    {
        var found = Ambient.Value;
        Ambient.Value = (-1, number);
        return found;
    }

    [Fact]
    public void What_a_piece_of_work_sets_in_its_context_is_nothing_of_the_next_ones_and_what_the_initializer_sets_is() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { Initializer = static () => Ambient.Value = (9, 0) });
        for (int number = 1; number < 4; number++)
        {
            (await pool.Run(LeaveBehind, number)).Should().Be((9, 0));
        }

        await foreach (var found in pool.Map(LeaveBehind, Enumerable.Range(1, 10), chunk: 5))
        {
            found.Should().Be((9, 0));
        }
    });

    [Fact]
    public void The_initializer_runs_first_and_fails_the_worker_when_it_fails() => RunProcesses(async () =>
    {
        await using (var pool = new ProcessExecutor(One with { Initializer = static () => loaded = 9 }))
        {
            (await pool.Run(static () => loaded)).Should().Be(9);
        }

        await using var broken = new ProcessExecutor(One with { Initializer = static () => throw new FormatException("not loaded") });
        (await Failure<WorkerStartException>(async () => await broken.Run(static x => x, 1))).Message.Should().Contain("not loaded");
        var captures = () => new ProcessExecutor(One with { Initializer = () => Log.Clear() });
        captures.Should().Throw<ArgumentException>();
    });

    [Fact]
    public void Stop_cancels_what_is_not_done_in_time() => RunProcesses(async () =>
    {
        var pool = new ProcessExecutor(One with { CancelGrace = TimeSpan.FromMilliseconds(20) });
        await pool.WarmUpAsync();
        var running = Loop.CreateTask(pool.Run(Endless));
        var waiting = Loop.CreateTask(pool.Run(static x => x, 1));
        await Yields(3);
        (await pool.StopAsync(TimeSpan.Zero)).Should().Be(new ProcessExecutorStopResult(1, 1, 1));
        (await Catch(running)).Should().BeOfType<LoopCanceledException>();
        (await Catch(waiting)).Should().BeOfType<LoopCanceledException>();
        await Failure<ObjectDisposedException>(async () => await pool.Run(static x => x, 1));
        (await pool.StopAsync()).Should().Be(default(ProcessExecutorStopResult));
    });

    [Fact]
    public void After_its_disposal_it_takes_no_work_whichever_way_it_comes() => RunProcesses(async () =>
    {
        var pool = new ProcessExecutor(One);
        await pool.DisposeAsync();
        await Failure<ObjectDisposedException>(async () => await pool.Run(static x => x, 1));
        await Failure<ObjectDisposedException>(async () => await pool.SubmitAsync(static () => 1));
        await Failure<ObjectDisposedException>(async () => await Task.Run(() => pool.SubmitAsync(static () => 1)));
        await Failure<ObjectDisposedException>(async () => await Loop.RunInExecutor(pool, static () => { }));
        await Failure<ObjectDisposedException>(async () => await pool.WarmUpAsync());
    });

    [Fact]
    public void One_that_was_disposed_before_any_loop_used_it_takes_no_work() => RunProcesses(async () =>
    {
        ProcessExecutor? pool = null;
        OnThread(() =>
        {
            pool = new ProcessExecutor(One);
            pool.DisposeAsync().IsCompletedSuccessfully.Should().BeTrue();
        });
        await Failure<ObjectDisposedException>(async () => await pool!.Run(static x => x, 1));
    });

    [Fact]
    public void A_stop_with_an_infinite_time_waits_for_what_it_has() => RunProcesses(async () =>
    {
        var pool = new ProcessExecutor(One);
        using var folder = new Folder();
        var running = Loop.CreateTask(pool.Run(WaitForFile, folder.File("go")));
        var waiting = Loop.CreateTask(pool.Run(static x => x, 1));
        await Yields(3);
        var stopping = Loop.CreateTask(pool.StopAsync(Timeout.InfiniteTimeSpan));
        await Yields(3);
        new LoopTask[] { running, waiting, stopping }.Should().OnlyContain(static task => !task.IsCompleted);
        File.WriteAllText(folder.File("go"), "");
        (await Loop.Gather(running, waiting)).Should().Be((true, 1));
        (await stopping).Should().Be(default(ProcessExecutorStopResult));
    });

    [Fact]
    public void At_a_stop_work_whose_argument_cannot_be_written_has_one_outcome_like_all_others() => RunProcesses(async () =>
    {
        var pool = new ProcessExecutor(new() { Workers = 2, QueueCapacity = 1, CancelGrace = TimeSpan.Zero });
        await pool.WarmUpAsync();
        List<string> ended = [];
        var consuming = Loop.CreateTask(async Coroutine () =>
        {
            var pieces = new[] { "first", "second", "waits", "bad" }.Select(static name => new Piece { Name = name });
            await foreach (var (piece, outcome) in pool.AsCompleted(static (Piece _) => Endless(), pieces))
            {
                ended.Add($"{piece.Name}: {outcome.Exception!.GetType().Name}");
            }
        });
        await Yields(3);
        (pool.Statistics.Busy, pool.Statistics.Queued).Should().Be((2, 1));
        var stopped = await pool.StopAsync(TimeSpan.Zero);
        await consuming;
        ended.Should().BeEquivalentTo("first: LoopCanceledException", "second: LoopCanceledException", "waits: LoopCanceledException",
            "bad: InvalidOperationException");
        stopped.Should().Be(new ProcessExecutorStopResult(2, 1, 2));
        pool.Statistics.Failed.Should().Be(1);
    });

    [Fact]
    public void A_memory_limit_that_no_machine_reaches_kills_nobody()
    {
        var clock = new VirtualClock { AutoJump = false };
        RunProcesses(async () =>
        {
            await using var pool = new ProcessExecutor(One with { MemoryLimit = 1L << 61 });
            using var folder = new Folder();
            await pool.WarmUpAsync();
            var running = Loop.CreateTask(pool.Run(WaitForFile, folder.File("go")));
            await Yields(3);
            pool.Statistics.Busy.Should().Be(1);
            await clock.AdvanceAsync(Seconds(3));      // it looks at the workers' memory every second
            File.WriteAllText(folder.File("go"), "");
            (await running).Should().BeTrue();
            pool.Statistics.Crashed.Should().Be(0);
        }, Options with { TimeProvider = clock });
    }

    [Fact]
    public void Killed_workers_fail_what_runs_and_the_pool_can_be_used_again() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        await pool.WarmUpAsync();
        var running = Loop.CreateTask(pool.Run(Endless));
        await Yields(3);
        pool.KillWorkers();
        (await Catch(running)).Should().BeOfType<WorkerCrashedException>().Which.Crash.Should().Be(WorkerCrash.Killed);
        (await pool.Run(static x => x, 1)).Should().Be(1);
    });

    // Its socket stays open when it has been killed, as that of one that takes long to end does: what was sent there now would be lost.
    [Fact]
    public void A_worker_that_was_killed_when_it_had_answered_gets_no_more_work() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        await pool.WarmUpAsync();
        var first = Loop.CreateTask(pool.Run(KeepSocketOpen, 3), eager: true);
        var second = Loop.CreateTask(pool.Run(static x => x, 2), eager: true);
        await Yields(3);
        Thread.Sleep(500);      // the answer of the first is there and unread, unless the machine is very busy
        pool.KillWorkers();
        await Loop.Wait([first]);
        (await second).Should().Be(2);
    });

    // By a process that is in no group of the worker's.
    private static int KeepSocketOpen(int descriptor)
    {
        _ = Duplicate(descriptor);
        using var keeper = Process.Start("setsid", "sleep 2");
        return keeper.Id;
    }

    [DllImport("libc", EntryPoint = "dup")]
    private static extern int Duplicate(int descriptor);

    [Fact]
    public void A_pool_that_nobody_disposes_ends_with_its_loop()
    {
        RunProcesses(async () =>
        {
            var pool = new ProcessExecutor(One);
            await pool.Run(static x => x, 1);
            _ = Loop.CreateTask(pool.Run(Endless));
            await Yields(3);
        });
    }

    [Fact]
    public void Another_loop_may_run_work_on_it() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        (await Task.Factory.StartNew(() =>
            Loop.Run(async Coroutine<int> () => await pool.Run(static x => x + 1, 1)), TaskCreationOptions.LongRunning)).Should().Be(2);
        (await Task.Run(async () => await pool.SubmitAsync(static () => 3))).Should().Be(3);
    });

    [Fact]
    public void What_is_its_loops_alone_is_refused_on_another_thread_and_changes_nothing() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        int worker = await pool.Run(static () => Environment.ProcessId);
        Action[] calls = [() => _ = pool.Statistics, () => pool.GetWorkers(), pool.Recycle, pool.KillWorkers];
        OnThread(() => calls.Should().AllSatisfy(static call => call.Should().Throw<InvalidOperationException>().WithMessage("ProcessExecutor.*Post*")));
        (await pool.Run(static () => Environment.ProcessId)).Should().Be(worker);
    });

    [Fact]
    public void A_value_that_cannot_be_written_or_read_fails_its_work_only() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        await Failure<Exception>(async () => await pool.Run(static x => x is null, new Unwritable()));
        await Failure<Exception>(async () => await pool.Run(static () => new Unwritable()));
        (await pool.Run(static x => x, 1)).Should().Be(1);
        pool.Statistics.WorkersStarted.Should().Be(1);
    });

    [Fact]
    public void Too_much_memory_fails_the_work_and_the_worker_lives() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { MemoryLimit = 200_000_000 });
        await Failure<OutOfMemoryException>(async () =>
            await pool.Run(static () => Enumerable.Range(0, 100).Select(static _ => new byte[10_000_000]).ToArray().Length));
        (await pool.Run(static x => x, 1)).Should().Be(1);
    });

    [Fact]
    public void Options_that_cannot_be_are_refused()
    {
        foreach (var wrong in new ProcessExecutorOptions[]
        {
            new() { Workers = 0 }, new() { IdleWorkers = -1 }, new() { IdleTimeout = TimeSpan.Zero }, new() { QueueCapacity = -1 },
                new() { TaskTimeout = TimeSpan.Zero },
            new() { CancelGrace = TimeSpan.FromSeconds(-1) }, new() { MaxTasksPerWorker = 0 }, new() { MemoryLimit = 0 },
        })
        {
            var making = () => new ProcessExecutor(wrong);
            making.Should().Throw<ArgumentOutOfRangeException>();
        }
    }

    private static int loaded;

    private static string Twice(string text) => text + text;

    private static int Endless()
    {
        while (true)
        {
            Thread.SpinWait(1000);
        }
    }

    private static bool WaitForFile(string path) => SpinWait.SpinUntil(() => File.Exists(path), TimeSpan.FromSeconds(60));

    private static int Fails() => throw new InvalidOperationException("by the work", new FormatException());

    private static class Generic<T>
    {
        internal static string Describe(T value) => $"{typeof(T).Name} {value}";
    }

    private sealed class Unmakeable(int number) : Exception($"number {number}");

    public sealed class Piece
    {
        public required string Name { get; init; }

        public int Value => Name == "bad" ? throw new InvalidOperationException("cannot be read") : 0;
    }

    public sealed class Unwritable
    {
        public int Value => throw new InvalidOperationException("cannot be read");
    }
}
