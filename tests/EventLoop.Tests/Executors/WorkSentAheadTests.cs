using System.Diagnostics;
using EventLoop.Tests.Processes;
using static EventLoop.Tests.Processes.SubprocessTests;

namespace EventLoop.Tests.Executors;

/// <summary>Short work is sent to a worker before it has done what it has.</summary>
public sealed class WorkSentAheadTests : ProcessTest
{
    private const int Many = 200;

    private static readonly ProcessExecutorOptions One = new() { Workers = 1 };

    [Fact]
    public void Short_work_is_sent_ahead_and_long_work_is_not() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        await MakeQuick(pool);
        var quick = Start(pool, Same, 20);
        pool.WorkAhead.Should().BeInRange(1, 8);
        (await Loop.Gather(quick)).Should().Equal(Enumerable.Range(0, 20));
        var slow = Start(pool, SlowDown, 5);
        await slow[0];
        pool.WorkAhead.Should().Be(0);
        await Loop.Gather(slow);
    });

    [Fact]
    public void What_was_sent_ahead_of_work_that_takes_long_comes_back_and_runs_elsewhere() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 2 });
        using var folder = new Folder();
        var (held, quick) = await SendBehindHeld(pool, folder.File("go"), Same, 60);
        (await Loop.Gather(quick)).Should().Equal(Enumerable.Range(0, 60));
        held.IsCompleted.Should().BeFalse();
        File.WriteAllText(folder.File("go"), "");
        (await held).Should().Be(1);
        pool.Statistics.Crashed.Should().Be(0);
    });

    [Theory]
    [InlineData(1000)]
    [InlineData(int.MaxValue - 4)]
    public void With_one_worker_what_came_back_runs_after_the_long_work_and_in_order(int before) => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        using var folder = new Folder();
        var (held, quick) = await SendBehindHeld(pool, folder.File("go"), Append, 30, number => (folder.File("order"), number), before);
        await UntilAllCameBack(pool);
        pool.Statistics.Queued.Should().Be(30);
        File.WriteAllText(folder.File("go"), "");
        await Loop.Gather(quick);
        await held;
        File.ReadAllLines(folder.File("order")).Should().Equal(Enumerable.Range(0, 30).Select(static number => $"{number}"));
    });

    [Theory]
    [InlineData("exit")]
    [InlineData("kill")]
    [InlineData("abort")]
    public void A_crash_fails_its_own_work_and_what_was_sent_ahead_runs_once(string how) => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 2 });
        using var folder = new Folder();
        await MakeQuick(pool);
        var runs = Start(pool, NoteOrEnd, Many, number => (folder.File($"{number}"), number, how));
        await Loop.Wait(runs);
        for (int number = 0; number < Many; number++)
        {
            if (number % 50 == 49)
            {
                (await Catch(runs[number])).Should().BeOfType<WorkerCrashedException>();
            }
            else
            {
                (await runs[number]).Should().Be(number);
            }
        }

        Directory.GetFiles(folder.File("")).Should().HaveCount(Many, "nothing is lost, and nothing has run twice");
        pool.Statistics.Crashed.Should().Be(Many / 50);
    });

    [Fact]
    public void A_cancelled_waiter_of_work_sent_ahead_goes_on_at_once_and_disturbs_no_other() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        using var folder = new Folder();
        var (held, quick) = await SendBehindHeld(pool, folder.File("go"), Append, 12, number => (folder.File("ran"), number));
        quick[0].Cancel();
        quick[11].Cancel();
        (await Catch(quick[0])).Should().BeOfType<LoopCanceledException>();
        (await Catch(quick[11])).Should().BeOfType<LoopCanceledException>();
        await UntilAllCameBack(pool);
        File.WriteAllText(folder.File("go"), "");
        await held;
        await Loop.Gather(quick[1..11]);
        File.ReadAllLines(folder.File("ran")).Should().Equal(Enumerable.Range(1, 10).Select(static number => $"{number}"), "the work had not begun");
        (pool.Statistics.Canceled, pool.Statistics.WorkersStarted).Should().Be((2, 1));
    });

    [Theory]
    [InlineData(1000)]
    [InlineData(0)]
    public void Cancellations_that_cross_with_work_sent_ahead_leave_everything_in_order(int grace) => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { CancelGrace = TimeSpan.FromMilliseconds(grace) });
        await MakeQuick(pool);
        for (int round = 0; round < 40; round++)
        {
            var runs = Start(pool, Same, 10);
            await Yields(round % 5);
            runs[1 + (round % 9)].Cancel();
            await Loop.Wait(runs);
            for (int number = 0; number < runs.Length; number++)
            {
                if (number != 1 + (round % 9))
                {
                    (await runs[number]).Should().Be(number);
                }
            }
        }

        (await pool.Run(static x => x, 7)).Should().Be(7);
        pool.Statistics.Crashed.Should().Be(0);
    });

    [Fact]
    public void The_time_limit_counts_from_the_beginning_of_each() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { TaskTimeout = TimeSpan.FromSeconds(2), CancelGrace = TimeSpan.Zero });
        using var folder = new Folder();
        var (held, quick) = await SendBehindHeld(pool, folder.File("never"), Same, 20);
        (await Catch(held)).Should().BeOfType<TimeoutException>();
        (await Loop.Gather(quick)).Should().Equal(Enumerable.Range(0, 20));
        (pool.Statistics.TimedOut, pool.Statistics.Crashed, pool.Statistics.WorkersStarted).Should().Be((1, 0, 2));
    });

    [Fact]
    public void A_worker_gets_no_more_than_its_number_of_tasks() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One with { MaxTasksPerWorker = 25 });
        var ids = await Loop.Gather(Enumerable.Range(0, 200).Select(_ => Loop.CreateTask(pool.Run(static () => Environment.ProcessId))).ToArray());
        ids.GroupBy(static id => id).Select(static one => one.Count()).Should().OnlyContain(static count => count == 25);
    });

    [Fact]
    public void A_stop_withdraws_what_was_sent_ahead() => RunProcesses(async () =>
    {
        var pool = new ProcessExecutor(One with { CancelGrace = TimeSpan.Zero });
        using var folder = new Folder();
        var (held, quick) = await SendBehindHeld(pool, folder.File("never"), Append, 20, number => (folder.File("ran"), number));
        (await pool.StopAsync(TimeSpan.Zero)).Should().Be(new ProcessExecutorStopResult(1, 20, 1));
        foreach (var run in quick.Prepend(held))
        {
            (await Catch(run)).Should().BeOfType<LoopCanceledException>();
        }

        File.Exists(folder.File("ran")).Should().BeFalse();
    });

    [Fact]
    public void The_loops_end_fails_what_was_sent_ahead()
    {
        Task[] left = [];
        RunProcesses(async () =>
        {
            var pool = new ProcessExecutor(One);
            await MakeQuick(pool);
            left = [.. Enumerable.Range(0, 12).Select(_ => pool.SubmitAsync(Hold))];
            await Yields(2);      // they come by the inbox
            pool.WorkAhead.Should().BePositive();
        });
        left.Should().OnlyContain(static work => work.IsFaulted || work.IsCanceled);
    }

    [Fact]
    public void Workers_killed_with_work_sent_ahead_lose_only_what_runs() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        using var folder = new Folder();
        var (held, quick) = await SendBehindHeld(pool, folder.File("never"), Same, 20);
        pool.KillWorkers();
        (await Catch(held)).Should().BeOfType<WorkerCrashedException>();
        (await Loop.Gather(quick)).Should().Equal(Enumerable.Range(0, 20));
    });

    // Work is sent ahead where the last pieces took microseconds, and the function is known: all workers have done a few of each. What is started then, at once,
    // finds them so.
    private static async Coroutine MakeQuick(ProcessExecutor pool)
    {
        int workers = pool.Options.Workers!.Value;
        await pool.WarmUpAsync();
        await Loop.Gather([.. Start(pool, HoldUntilThere, 8 * workers, static _ => "/"), .. Start(pool, Append, 8 * workers, static _ => ("", 0))]);
        do
        {
            await Loop.Gather(Start(pool, Same, workers * 16));
        }
        while (pool.UsualTime > TimeSpan.FromMilliseconds(0.1));
    }

    // How these tests begin: work holds a worker until the file is there, and of short work some has been sent to that worker behind it.
    private static async Coroutine<(LoopTask<int> Held, LoopTask<int>[] Quick)> SendBehindHeld<T>(
        ProcessExecutor pool, string file, Func<T, int> work, int count, Func<int, T> argument, int? before = null)
    {
        await MakeQuick(pool);
        pool.LastItem = before ?? pool.LastItem;      // two billion pieces later the numbers wrap around
        var held = Loop.CreateTask(pool.Run(HoldUntilThere, file), eager: true);
        var quick = Start(pool, work, count, argument);
        pool.WorkAhead.Should().BePositive();
        return (held, quick);
    }

    private static Coroutine<(LoopTask<int> Held, LoopTask<int>[] Quick)> SendBehindHeld(ProcessExecutor pool, string file, Func<int, int> work, int count) =>
        SendBehindHeld(pool, file, work, count, static number => number);

    private static async Coroutine UntilAllCameBack(ProcessExecutor pool)
    {
        while (pool.WorkAhead > 0)
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(1));
        }
    }

    private static LoopTask<int>[] Start(ProcessExecutor pool, Func<int, int> work, int count) => Start(pool, work, count, static number => number);

    private static LoopTask<int>[] Start<T>(ProcessExecutor pool, Func<T, int> work, int count, Func<int, T> argument) =>
        [.. Enumerable.Range(0, count).Select(number => Loop.CreateTask(pool.Run(work, argument(number)), eager: true))];

    private static int Same(int number) => number;

    private static int SlowDown(int number)
    {
        Thread.Sleep(20);
        return number;
    }

    private static int Hold() => HoldUntilThere("/not there");

    private static int HoldUntilThere(string path)
    {
        while (!Path.Exists(path) && Path.Exists(Path.GetDirectoryName(path)))
        {
            Thread.Sleep(1);
        }

        return 1;
    }

    private static int Append((string Path, int Number) what)
    {
        if (what.Path.Length > 0)
        {
            File.AppendAllText(what.Path, $"{what.Number}\n");
        }

        return what.Number;
    }

    private static int NoteOrEnd((string Path, int Number, string How) what)
    {
        using (new FileStream(what.Path, FileMode.CreateNew))
        {
            // It throws the second time.
        }

        if (what.Number % 50 == 49)
        {
            switch (what.How)
            {
                case "exit":
                    Environment.Exit(3);
                    break;
                case "kill":
                    Process.GetCurrentProcess().Kill();
                    Thread.Sleep(Timeout.Infinite);
                    break;
                default:
                    Environment.FailFast("on purpose");
                    break;
            }
        }

        return what.Number;
    }
}
