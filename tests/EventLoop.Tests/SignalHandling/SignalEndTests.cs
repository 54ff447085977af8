using System.Diagnostics;
using System.Runtime.InteropServices;
using EventLoop.Tests.Processes;

namespace EventLoop.Tests.SignalHandling;

/// <summary>What becomes of signals when nobody listens any more; in a process that may end by one.</summary>
public sealed class SignalEndTests : ProcessTest
{
    [Fact]
    public void Signals_that_came_while_somebody_listened_do_not_end_the_process_afterwards() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        (await pool.Run(ListenInAHail, 50)).Should().Be(50);
    });

    [Fact]
    public void With_the_last_listener_the_default_action_is_back() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        var running = Loop.CreateTask(pool.Run(static times =>
        {
            int heard = ListenInAHail(times);
            Raise();
            Thread.Sleep(Timeout.Infinite);
            return heard;
        }, 3));
        (await Catch(running)).Should().BeOfType<WorkerCrashedException>().Which.ExitStatus.Signal.Should().Be(Signals.SIGUSR1);
    });

    [Fact]
    public void A_thread_pool_that_is_starved_is_told_in_debug_mode_to_who_listens_to_signals() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        (await pool.Run(ListenWithAStarvedPool)).Should().Contain("come late").And.Contain("'starved'");
    });

    [Fact]
    public void Who_stops_listening_to_several_signals_waits_for_the_thread_pool_once() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        (await pool.Run(StopListeningWithAStarvedPool)).Should().BeLessThan(TimeSpan.FromSeconds(5), "each wait is given up after two");
    });

    // In a process of its own: all threads of its pool are kept until somebody has said so.
    private static ManualResetEventSlim Starve()
    {
        ThreadPool.SetMinThreads(1, 1);
        ThreadPool.SetMaxThreads(Environment.ProcessorCount, Environment.ProcessorCount);
        var told = new ManualResetEventSlim();
        for (int i = 0; i < Environment.ProcessorCount * 4; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static told => told.Wait(TimeSpan.FromMinutes(1)), told, preferLocal: false);
        }

        return told;
    }

    private static TimeSpan StopListeningWithAStarvedPool()
    {
        using var told = Starve();
        return Loop.Run(async Coroutine<TimeSpan> () =>
        {
            var listener = Signals.Listen(Signals.SIGUSR1, Signals.SIGUSR2, PosixSignal.SIGHUP, PosixSignal.SIGWINCH);
            long begun = Stopwatch.GetTimestamp();
            listener.Dispose();
            var took = Stopwatch.GetElapsedTime(begun);
            told.Set();
            return took;
        });
    }

    private static string ListenWithAStarvedPool()
    {
        using var told = Starve();
        var logger = new CapturingLoggerFactory();
        return Loop.Run(async Coroutine<string> () =>
        {
            using var listener = Signals.Listen(Signals.SIGUSR1);
            while (logger.Warnings.All(static line => line.Event.Name != "PoolStarved"))
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(10));
            }

            told.Set();
            return logger.Warnings.First(static line => line.Event.Name == "PoolStarved").Message;
        }, new LoopOptions { Name = "starved", Debug = true, LoggerFactory = logger });
    }

    private static int ListenInAHail(int times) => Loop.Run(async Coroutine<int> () =>
    {
        int heard = 0;
        for (int i = 0; i < times; i++)
        {
            using var listener = Signals.Listen(Signals.SIGUSR1);
            for (int j = 0; j < 20; j++)
            {
                Raise();
            }

            heard += await listener.ReceiveAsync() == Signals.SIGUSR1 ? 1 : 0;
        }

        return heard;
    });

    private static void Raise() => kill(Environment.ProcessId, 10).Should().Be(0);

    [DllImport("libc")]
    private static extern int kill(int process, int signal);
}
