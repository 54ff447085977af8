using System.Diagnostics;
using System.Runtime.CompilerServices;
using EventLoop.Tests.Processes;
using static EventLoop.Tests.Processes.SubprocessTests;

namespace EventLoop.Tests.Executors;

public sealed class ProcessExecutorBadLuckTests : ProcessTest
{
    private static readonly ProcessExecutorOptions One = new() { Workers = 1 };

    [Fact]
    public void Of_many_pieces_of_work_exactly_those_whose_worker_is_killed_fail() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 2 });
        List<int> failed = [];
        int right = 0;
        await foreach (var (argument, outcome) in pool.AsCompleted(KillEvery50th, Enumerable.Range(1, 300)))
        {
            if (outcome.IsSuccess)
            {
                right += outcome.Value == -argument ? 1 : 0;
            }
            else
            {
                outcome.Exception.Should().BeOfType<WorkerCrashedException>().Which.ExitStatus.Signal.Should().Be(Signals.SIGKILL);
                failed.Add(argument);
            }
        }

        failed.Order().Should().Equal(50, 100, 150, 200, 250, 300);
        right.Should().Be(294);
        (pool.Statistics.Completed, pool.Statistics.Crashed).Should().Be((294, 6));
    });

    [Fact]
    public void A_stack_overflow_and_an_exception_on_another_thread_are_crashes_with_their_story() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        (await Failure<WorkerCrashedException>(async () => await pool.Run(Deeper, 0))).Crash.Should().Be(WorkerCrash.Signaled);
        var thread = await Failure<WorkerCrashedException>(async () => await pool.Run(static () =>
        {
            new Thread(static () => throw new FormatException("in the background")).Start();
            Thread.Sleep(Timeout.Infinite);
        }));
        thread.StandardError.Should().Contain("in the background");
    });

    [Fact]
    public void Much_error_output_blocks_nobody_and_the_end_of_it_is_kept() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        var crash = await Failure<WorkerCrashedException>(async () => await pool.Run(static () =>
        {
            string line = new('.', 99);
            for (int i = 0; i < 10_000; i++)
            {
                Console.Error.WriteLine(line);
            }

            Console.Error.WriteLine("the end");
            Environment.Exit(1);
        }));
        crash.StandardError.Should().EndWith("the end\n").And.Subject.Length.Should().BeLessThanOrEqualTo(8 * 1024);
    });

    [Fact]
    public void An_argument_that_a_worker_has_no_memory_for_fails_its_work_and_the_worker_lives() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { MemoryLimit = 200_000_000 });
        int first = await pool.Run(static () => Environment.ProcessId);
        (await Failure<OutOfMemoryException>(async () => await pool.Run(static bytes => bytes.Length, new byte[250_000_000]))).Message.Should()
            .Contain("250000");
        (await pool.Run(static () => Environment.ProcessId)).Should().Be(first);
    });

    [Fact]
    public void Workers_that_end_as_soon_as_they_are_ready_are_not_started_for_ever() => RunProcesses(async () =>
    {
        // It is ready, in the pool's own words, and gone.
        await using var pool = new ProcessExecutor(One with { WorkerCommand = Sh("printf '\\0\\0\\0\\0\\001\\0\\0\\0\\0' >&3") });
        (await Failure<WorkerStartException>(async () => await pool.Run(static x => x, 1))).Message.Should().Contain("before they began");
        pool.Statistics.WorkersStarted.Should().BeLessThan(10);
    });

    [Fact]
    public void An_initializer_that_never_ends_keeps_work_waiting_and_is_ended_with_the_pool() => RunProcesses(async () =>
    {
        int id;
        await using (var pool = new ProcessExecutor(One with { Initializer = static () => Thread.Sleep(Timeout.Infinite) }))
        {
            var waiting = Loop.CreateTask(pool.Run(static x => x, 1));
            while (pool.GetWorkers() is not [{ ProcessId: > 0 }])
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(5));
            }

            id = pool.GetWorkers()[0].ProcessId;
            pool.GetWorkers()[0].State.Should().Be(WorkerState.Starting);
            waiting.Cancel();
            (await Catch(waiting)).Should().BeOfType<LoopCanceledException>();
        }

        IsGone(id).Should().BeTrue();
    });

    [Fact]
    public void A_workers_input_is_empty() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        (await pool.Run(static () => Console.ReadLine() ?? "nothing")).Should().Be("nothing");
    });

    [Fact]
    public void A_stopped_worker_is_killed_when_its_time_is_over() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { TaskTimeout = TimeSpan.FromSeconds(1), CancelGrace = TimeSpan.FromMilliseconds(50) });
        await Failure<TimeoutException>(async () => await pool.Run(static () =>
        {
            using var kill = Process.Start("/bin/sh", ["-c", $"kill -STOP {Environment.ProcessId}"]);
            Thread.Sleep(Timeout.Infinite);
        }));
        (await pool.Run(static x => x, 1)).Should().Be(1);
    });

    [Fact]
    public void A_worker_may_have_a_pool_of_its_own_and_its_workers_end_with_it() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { CancelGrace = TimeSpan.Zero });
        int inner = 0;
        var running = Loop.CreateTask(pool.Run(
            static (_, context) =>
            {
                Loop.Run(async Coroutine () =>
                {
                    var own = new ProcessExecutor(new() { Workers = 1 });
                    context.Report(await own.Run(static () => Environment.ProcessId));
                    await own.Run(Endless);
                });
                return 0;
            },
            0,
            (int id) => inner = id));
        while (inner == 0)
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(5));
        }

        IsGone(inner).Should().BeFalse();
        inner.Should().NotBe(pool.GetWorkers()[0].ProcessId);
        running.Cancel();
        await Catch(running);
        await UntilGone(inner);
    });

    [Fact]
    public void A_worker_without_work_ends_after_a_while() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { IdleTimeout = TimeSpan.FromMilliseconds(50) });
        int first = await pool.Run(static () => Environment.ProcessId);
        await UntilGone(first);
        (await pool.Run(static () => Environment.ProcessId)).Should().NotBe(first);
        await using var kept = new ProcessExecutor(One with { IdleTimeout = TimeSpan.FromMilliseconds(20), IdleWorkers = 1 });
        int id = await kept.Run(static () => Environment.ProcessId);
        await Loop.Sleep(TimeSpan.FromMilliseconds(100));
        (await kept.Run(static () => Environment.ProcessId)).Should().Be(id);
    });

    [Fact]
    public void Cancellations_and_results_that_cross_leave_the_worker_usable() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        await pool.WarmUpAsync();
        for (int i = 0; i < 60; i++)
        {
            var running = Loop.CreateTask(pool.Run(static x => x, i));
            await Yields(i % 7);
            if (i % 3 == 0)
            {
                await Loop.Sleep(TimeSpan.FromMicroseconds(i * 3));
            }

            running.Cancel();
            await Catch(running);
        }

        (await pool.Run(static x => x, 7)).Should().Be(7);
        pool.Statistics.WorkersStarted.Should().Be(1);
    });

    [Fact]
    public void Beyond_the_capacity_of_the_queue_work_waits_outside() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { QueueCapacity = 2 });
        await pool.WarmUpAsync();
        var runs = Enumerable.Range(0, 10).Select(number => Loop.CreateTask(pool.Run(static x => x, number))).ToArray();
        await Yields(1);
        pool.Statistics.Queued.Should().BeLessThanOrEqualTo(2);
        runs[9].Cancel();
        await Loop.Wait(runs);
        runs.Take(9).Select(static run => run.Result).Should().Equal(0, 1, 2, 3, 4, 5, 6, 7, 8);
    });

    [Fact]
    public void A_large_result_comes_whole() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        var bytes = await pool.Run(static size =>
        {
            var made = new byte[size];
            made[^1] = 9;
            return made;
        }, 50_000_000);
        (bytes.Length, bytes[^1]).Should().Be((50_000_000, 9));
        (await pool.Run(static given => given.Length, bytes)).Should().Be(bytes.Length);
    });

    [Fact]
    public void The_pool_may_be_used_and_killed_in_a_progress_callback() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        var crash = await Failure<WorkerCrashedException>(async () => await pool.Run(static (x, context) =>
        {
            context.Report(x);
            Thread.Sleep(Timeout.Infinite);
            return x;
        }, 1, (int _) => pool.KillWorkers()));
        crash.Crash.Should().Be(WorkerCrash.Killed);
    });

    [Fact]
    public void A_child_that_outlives_its_worker_holds_up_nobody_who_waits_for_that() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        var crash = await Failure<WorkerCrashedException>(async () => await pool.Run(static () =>
        {
            using var child = Process.Start("setsid", ["sleep", "600"]);      // it holds the worker's error output
            Console.Error.WriteLine(child.Id);
            while (StateOf(child.Id) is not { } state || state.Group != child.Id)
            {
                Thread.Sleep(1);      // until it has left the worker's session
            }

            Environment.Exit(3);
        }));
        int left = int.Parse(crash.StandardError);
        (crash.Crash, crash.ExitStatus.ExitCode).Should().Be((WorkerCrash.Exited, 3));
        (await pool.Run(static x => x, 1)).Should().Be(1);
        IsGone(left).Should().BeFalse();
        Process.GetProcessById(left).Kill();
        await UntilGone(left);
    });

    [Fact]
    public void A_worker_that_crashes_while_a_cancellation_is_on_its_way_is_replaced() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { CancelGrace = TimeSpan.FromSeconds(60) });
        for (int i = 0; i < 3; i++)
        {
            bool hasBegun = false;
            var running = Loop.CreateTask(pool.Run(
                static (_, context) =>
                {
                    context.Report(true);
                    context.CancellationToken.WaitHandle.WaitOne();
                    Environment.Exit(3);
                    return 0;
                },
                0,
                (bool begun) => hasBegun = begun));
            while (!hasBegun)
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            }

            running.Cancel();
            (await Catch(running)).Should().BeOfType<LoopCanceledException>();
            (await pool.Run(static x => x, 1)).Should().Be(1);
        }
    });

    [Fact]
    public void Work_that_arrives_when_workers_end_for_idleness_is_done() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { IdleTimeout = TimeSpan.FromMilliseconds(1) });
        for (int i = 0; i < 12; i++)
        {
            (await pool.Run(static x => x, i)).Should().Be(i);
            await Loop.Sleep(TimeSpan.FromMicroseconds(i * 180));      // before, during and after the end
        }
    });

    [Fact]
    public void A_flood_of_progress_comes_whole_and_in_order_to_a_loop_that_is_held_up() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        int next = 0;
        bool isInOrder = true;
        int sum = await pool.Run(
            static (count, context) =>
            {
                for (int i = 0; i < count; i++)
                {
                    context.Report(i);
                }

                return count;
            },
            20_000,
            (int number) =>
            {
                if (next == 100)
                {
                    Thread.Sleep(100);
                }

                isInOrder &= number == next++;
            });
        (sum, next, isInOrder).Should().Be((20_000, 20_000, true));
    });

    [Fact]
    public void A_program_that_runs_its_Main_although_it_was_started_as_a_worker_may_have_no_pool() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        (await pool.Run(static () =>
        {
            Environment.SetEnvironmentVariable("EVENTLOOP_WORKER", ":");      // as it would be if nothing had stopped it before Main
            try
            {
                _ = new ProcessExecutor();
                return "made";
            }
            catch (InvalidOperationException refused)
            {
                return refused.Message;
            }
        })).Should().Contain("worker");
    });

    [Fact]
    public void A_recycled_pool_has_new_workers() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        int first = await pool.Run(static () => Environment.ProcessId);
        pool.Recycle();
        (await pool.Run(static () => Environment.ProcessId)).Should().NotBe(first);
        pool.Statistics.WorkersRecycled.Should().Be(1);
    });

    [Fact]
    public void Disposing_it_waits_for_what_it_has() => RunProcesses(async () =>
    {
        var pool = new ProcessExecutor(One);
        var running = Loop.CreateTask(pool.Run(static () =>
        {
            Thread.Sleep(100);
            return 5;
        }));
        await Yields(2);
        await pool.DisposeAsync();
        (await running).Should().Be(5);
        await pool.DisposeAsync();
    });

    private static int KillEvery50th(int number)
    {
        if (number % 50 == 0)
        {
            Process.GetCurrentProcess().Kill();
            Thread.Sleep(Timeout.Infinite);
        }

        return -number;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Deeper(int depth)
    {
        Span<byte> room = stackalloc byte[1000];
        room.Fill((byte)depth);
        return Deeper(depth + room[1]) + room[0];
    }

    private static int Endless()
    {
        while (true)
        {
            Thread.SpinWait(1000);
        }
    }
}
