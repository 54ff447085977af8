using System.Runtime.InteropServices;
using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Tasks;

namespace EventLoop.Tests.Diagnostics;

/// <summary>Looks into programs that do what is seldom done, or at a moment that is seldom met.</summary>
public sealed class UnluckyLookTests : LoopTest
{
    private static T OnAnotherThread<T>(Func<T> look)
    {
        T? seen = default;
        var thread = new Thread(() => seen = look());
        thread.Start();
        thread.Join();
        return seen!;
    }

    [DllImport("libc")]
    private static extern int kill(int process, int signal);

    [Fact]
    [RealTime("the process that the signal comes to is the system's")]
    public void A_writer_that_throws_when_SIGQUIT_prints_to_it_does_not_end_its_process() => RunLoop(async () =>
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals");
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        (await pool.Run(QuitTwice)).Should().BeTrue();
    });

    private static bool QuitTwice()
    {
        const int quit = 3;
        var writer = new BadWriter();
        using var printing = LoopDiagnostics.PrintOnQuit(writer);
        return Enumerable.Range(0, 2).All(_ => kill(Environment.ProcessId, quit) == 0 && writer.Asked.Wait(TimeSpan.FromSeconds(30)));
    }

    private sealed class BadWriter : StringWriter
    {
        internal SemaphoreSlim Asked { get; } = new(0);

        public override void Write(string? value)
        {
            Asked.Release();
            throw new FormatException("it cannot");
        }
    }

    private static string[] Texts(LoopSnapshot snapshot) => [.. Enum.GetValues<SnapshotView>().Select(snapshot.ToText)];

    private static LoopSnapshot ThereAndBack(LoopSnapshot snapshot)
    {
        var json = new MemoryStream();
        snapshot.WriteJson(json);
        json.Position = 0;
        return LoopSnapshot.ReadJson(json);
    }

    private static async Coroutine Deep(int more, AsyncEvent end)
    {
        await Loop.Yield();
        if (more > 1)
        {
            await Deep(more - 1, end);
        }
        else
        {
            await end.WaitAsync();
        }
    }

    [Fact]
    public void A_chain_of_ten_thousand_coroutines_is_shown_by_its_innermost_and_told_in_full_to_whoever_asks_the_task() => RunLoop(async () =>
    {
        const int depth = 10_000;
        var end = new AsyncEvent();
        var task = Loop.CreateTask(Deep(depth, end), "deep");
        await Loop.Sleep(1);
        await Loop.Sleep(1);

        foreach (var snapshot in new[] { Loop.Current.TakeSnapshot(), OnAnotherThread(() => task.Loop.TakeSnapshot()) })
        {
            snapshot.Unread.Should().Be(0);
            snapshot.Find(task.Id)!.Waits.Should().ContainSingle().Which.Kind.Should().Be(WaitKind.Event);
            snapshot.Find(task.Id)!.Stack.Should().HaveCount(64).And.OnlyContain(static name => name.EndsWith("Deep", StringComparison.Ordinal));
            Texts(snapshot).Should().AllSatisfy(static text => text.Length.Should().BeLessThan(4000, "nobody reads more"));
            ThereAndBack(snapshot).Find(task.Id)!.Stack.Should().HaveCount(64);
        }

        task.GetStack().Count.Should().BeGreaterThanOrEqualTo(depth);
        OnAnotherThread(task.GetStack).Should().HaveCount(depth);
        end.Set();
        await task;
    });

    [Fact]
    public void Ten_thousand_tasks_that_await_one_another_are_drawn_in_linear_space() => RunLoop(async () =>
    {
        var end = new AsyncEvent();
        long few = await Measure(1_000);
        long many = await Measure(10_000);
        many.Should().BeLessThan(20 * few);

        async Coroutine<long> Measure(int length)
        {
            end.Clear();
            var tasks = new List<LoopTask> { Loop.CreateTask(async () => await end.WaitAsync(), "first") };
            for (int i = 1; i < length; i++)
            {
                var before = tasks[^1];
                tasks.Add(Loop.CreateTask(async () => await before));
            }

            await Loop.Sleep(1);
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            var snapshot = Loop.Current.TakeSnapshot();
            string[] texts = Texts(snapshot);
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            snapshot.Cycles.Should().BeEmpty();
            snapshot.FindProblems().Should().BeEmpty();
            texts[(int)SnapshotView.ByAwait].Split('\n').Length.Should().BeGreaterThan(length);
            texts.Should().AllSatisfy(text => text.Length.Should().BeLessThan(300 * length));
            OnAnotherThread(() => tasks[0].Loop.TakeSnapshot()).TaskCount.Should().Be(length + 1);
            end.Set();
            await tasks[^1];
            return allocated;
        }
    });

    [Fact]
    [RealTime("another thread looks meanwhile")]
    public void A_task_that_changes_its_name_is_seen_under_one_of_its_names_and_recorded_under_the_last() => RunLoop(async () =>
    {
        const string one = "import of the orders of yesterday", other = "x";
        var loop = Loop.Current;
        var recorder = loop.Diagnostics.Recorder;
        recorder.Start();
        bool ends = false;
        var task = Loop.CreateTask(
            async () =>
            {
                for (int i = 0; !Volatile.Read(ref ends); i++)
                {
                    Loop.CurrentTask!.Name = i % 2 == 0 ? one : other;
                    await Loop.Yield();
                }

                Loop.CurrentTask!.Name = "done";
            },
            one);
        var waiter = Loop.CreateTask(async () => await task, "waiter");
        var names = new List<string>();
        await Loop.ToThread(() =>
        {
            for (int i = 0; i < 300; i++)
            {
                var snapshot = loop.TakeSnapshot();
                names.Add(snapshot.Find(task.Id)?.Name ?? one);
                names.AddRange(snapshot.Find(waiter.Id)?.Waits.Select(static wait => wait.Name!) ?? []);
                names.Add(recorder.Capture().NameOf(task.Id));
            }
        });

        names.Should().OnlyContain(static name => name == one || name == other);
        Volatile.Write(ref ends, true);
        await waiter;
        recorder.Stop();
        recorder.Capture().NameOf(task.Id).Should().Be("done");
    });

    [Fact]
    [RealTime("the loop is run by hand")]
    public void A_loop_between_two_runs_is_listed_and_its_tasks_are_shown_as_they_stand()
    {
        using var loop = new Loop(Options with { Name = "between" });
        LoopTask? waits = null;
        var end = new AsyncEvent().Named("later");
        Look().TaskCount.Should().Be(0, "it has never run");
        loop.RunUntilComplete(async () =>
        {
            waits = Loop.CreateTask(async () => await end.WaitAsync(), "left");
            await Loop.Sleep(1);
        });

        loop.IsRunning.Should().BeFalse();
        Loop.All.Should().Contain(loop);
        foreach (var snapshot in new[] { Look(), OnAnotherThread(Look) })
        {
            snapshot.Running.Should().BeNull();
            snapshot.TaskCount.Should().Be(1);
            snapshot.Find(waits!.Id)!.Status.Should().Be(LoopTaskStatus.Waiting);
            snapshot.Find(waits.Id)!.Waits[0].Name.Should().Be("later");
            snapshot.Statistics.BusyTime.Should().BeLessThan(TimeSpan.FromMinutes(5));
            Texts(snapshot).Should().AllSatisfy(static text => text.Should().MatchRegex("^loop 'between' .*, does not run now"));
        }

        loop.Diagnostics.Recorder.Start();
        loop.RunUntilComplete(async () => await Loop.Sleep(1));
        loop.Diagnostics.Recorder.Capture().Events.Should().NotBeEmpty("it was switched on between two runs");
        loop.RunUntilComplete(async () =>
        {
            end.Set();
            await waits!;
        });
        Look().TaskCount.Should().Be(0);

        LoopSnapshot Look() => ThereAndBack(loop.TakeSnapshot());
    }

    /// <summary>Whose wall clock is set, forth and back, and whose own may jump as well.</summary>
    private sealed class SetClock : TimeProvider
    {
        internal TimeSpan Wall { get; set; }

        internal TimeSpan Own { get; set; }

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 3, 29, 1, 59, 0, TimeSpan.Zero) + Wall;

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Own.TotalSeconds * TimestampFrequency);
    }

    [Fact]
    [RealTime("the clock is one of its own")]
    public void A_wall_clock_that_is_set_while_a_recording_runs_changes_no_time_of_it_and_none_of_a_snapshot()
    {
        var clock = new SetClock();
        RunLoop(async () =>
        {
            var loop = Loop.Current;
            loop.Diagnostics.EndedTasksKept = 10;
            var recorder = loop.Diagnostics.Recorder;
            recorder.Start();
            var sleeper = Loop.CreateTask(Loop.Sleep(TimeSpan.FromHours(10)), "sleeper");
            await Steps();
            var before = loop.TakeSnapshot();
            clock.Wall = TimeSpan.FromDays(-400);
            await Steps();
            var after = loop.TakeSnapshot();
            clock.Wall = TimeSpan.FromDays(400);
            await Steps();

            (after.TakenAt - before.TakenAt).Should().BeLessThan(TimeSpan.FromDays(-399), "that is what the wall says");
            after.LoopTime.Should().BeGreaterThan(before.LoopTime);
            after.Find(sleeper.Id)!.InStatus.Should().BeLessThan(TimeSpan.FromHours(1));
            after.Find(sleeper.Id)!.Waits[0].Remaining.Should().BeCloseTo(TimeSpan.FromHours(10), TimeSpan.FromHours(1));
            Check(loop);
            sleeper.Cancel();
        }, Options with { TimeProvider = clock });
    }

    [Fact]
    [RealTime("the clock is one of its own")]
    public void A_clock_that_jumps_back_leaves_a_recording_whose_times_do_not()
    {
        var clock = new SetClock { Own = TimeSpan.FromHours(5) };
        RunLoop(async () =>
        {
            var loop = Loop.Current;
            loop.Diagnostics.EndedTasksKept = 10;
            loop.Diagnostics.Recorder.Start();
            await Steps();
            clock.Own = TimeSpan.FromHours(4);
            await Steps();
            Check(loop);
            clock.Own = TimeSpan.FromHours(5);
            await Steps();
            Check(loop);
        }, Options with { TimeProvider = clock });
    }

    private static async Coroutine Steps()
    {
        for (int i = 0; i < 100; i++)
        {
            await Loop.CreateTask(async () => await Loop.Yield());
        }
    }

    private static void Check(Loop loop)
    {
        var recording = loop.Diagnostics.Recorder.Capture();
        recording.Events.Should().BeInAscendingOrder(static one => one.Time);
        recording.Events.Should().OnlyContain(static one => one.Duration >= TimeSpan.Zero);
        recording.To.Should().BeGreaterThanOrEqualTo(recording.From);
        loop.Diagnostics.EndedTasks.Should().OnlyContain(static one => one.Lived >= TimeSpan.Zero);
        recording.WritePerfetto(new MemoryStream());
        recording.WriteChromeJson(new MemoryStream());
        var snapshot = loop.TakeSnapshot();
        snapshot.Tasks.Should().OnlyContain(static task => task.InStatus >= TimeSpan.Zero);
    }

    /// <summary>A disk that takes its time: what is written first waits until it is let through.</summary>
    private sealed class SlowStream : MemoryStream
    {
        internal ManualResetEventSlim Begun { get; } = new();

        internal ManualResetEventSlim GoesOn { get; } = new();

        public override void Write(byte[] buffer, int offset, int count)
        {
            Begun.Set();
            GoesOn.Wait(TimeSpan.FromSeconds(60));
            base.Write(buffer, offset, count);
        }

        public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);
    }

    [Fact]
    [RealTime("a thread beside the loop looks at it")]
    public void A_stall_is_told_while_a_dump_is_being_written_and_the_dump_is_whole() => RunLoop(async () =>
    {
        var loop = Loop.Current;
        using var told = new ManualResetEventSlim();
        loop.Diagnostics.EndedTasksKept = 10;
        loop.Diagnostics.Recorder.Start();
        loop.Diagnostics.Stalled += report => told.Set();
        await Loop.Yield();
        var disk = new SlowStream();
        var dump = new Thread(() => loop.Diagnostics.Dump(disk));
        dump.Start();
        disk.Begun.Wait(TimeSpan.FromSeconds(60)).Should().BeTrue();
        loop.Diagnostics.StallLimit = TimeSpan.FromMilliseconds(50);
        told.Wait(TimeSpan.FromSeconds(60)).Should().BeTrue("this step hangs, and the dump does not end before it was told");
        disk.GoesOn.Set();
        dump.Join();
        loop.Diagnostics.StallLimit = null;

        string[] lines = System.Text.Encoding.UTF8.GetString(disk.ToArray()).TrimEnd('\n').Split('\n');
        lines.Should().AllSatisfy(static line => JsonDocument.Parse(line).RootElement.ValueKind.Should().Be(JsonValueKind.Object));
        LoopSnapshot.ReadJson(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(lines[1]))).Stalls.Should().Contain(static stall => !stall.IsOver);
    });

    [Fact]
    public void Of_dumps_the_oldest_go_by_the_order_in_which_they_were_written_whatever_the_wall_clock_says() => RunLoop(async () =>
    {
        await Loop.Yield();
        string folder = Directory.CreateTempSubdirectory("eventloop-dumps-").FullName;
        try
        {
            var writer = new DumpWriter(Loop.Current, DumpCauses.All, folder, most: 2, static _ => { });
            var noon = new DateTime(2026, 10, 25, 12, 0, 0, DateTimeKind.Utc);
            writer.WriteFile(DumpCauses.Stall, noon);
            writer.WriteFile(DumpCauses.Stall, noon.AddHours(1));
            writer.WriteFile(DumpCauses.Quit, noon.AddHours(-1));
            writer.WriteFile(DumpCauses.Deadlock, noon.AddHours(-1));
            Directory.GetFiles(folder).Select(Path.GetFileName).Should().HaveCount(2).And.Contain(static name => name!.Contains("quit", StringComparison.Ordinal))
                .And.Contain(static name => name!.Contains("deadlock", StringComparison.Ordinal));
            writer.WriteFile(DumpCauses.Deadlock, noon.AddHours(-1));
            Directory.GetFiles(folder).Should().HaveCount(2, "two of one moment are two");
            Directory.GetFiles(folder).Should().OnlyContain(static name => name.Contains("deadlock", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    });
}
