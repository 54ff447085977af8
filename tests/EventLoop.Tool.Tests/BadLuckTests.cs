using System.Globalization;
using System.Text.Json;
using EventLoop.Diagnostics;

namespace EventLoop.Tool.Tests;

public sealed class BadLuckTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("eventloop-tool-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Id(TargetProcess target) => target.Id.ToString(CultureInfo.InvariantCulture);

    private static LoopSnapshot Snapshot(ToolRun run) => LoopSnapshot.ReadJson(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(run.Output)));

    [Fact]
    public void A_loop_in_an_endless_step_answers_and_names_the_task_and_with_frames_the_method()
    {
        using var target = TargetProcess.Run("spin");
        var run = ToolRun.Run("ps", Id(target));
        run.ExitCode.Should().Be(0, run.Errors);
        run.Output.Should().Contain("in a step now: task 'spinner' #1").And.Contain("RUNNING");

        var dump = ToolRun.Run("dump", Id(target), "--frames", "-o", Path.Combine(folder, "spin.eldump"));
        dump.Output.Should().Contain("Work.EndlessWork");
    }

    [Fact]
    public void Of_a_loop_in_an_endless_step_top_says_in_whose_and_a_recording_that_there_was_no_step()
    {
        using var target = TargetProcess.Run("spin");
        ToolRun.Run("top", Id(target), "--once", "--timeout", "60").Output.Should().MatchRegex("in one step of task 'spinner' for .* or more");
        ToolRun.Run("record", Id(target), "--for", "200ms", "-o", Path.Combine(folder, "stuck.elrec"), "--timeout", "60").Output
            .Should().Contain("It has taken no step meanwhile");
    }

    [Fact]
    public void A_step_that_is_running_when_a_recording_ends_has_lasted_until_then_and_is_told_once_by_ps()
    {
        using var target = TargetProcess.Run("stuck");
        string file = Path.Combine(folder, "stuck.elrec");
        var record = ToolRun.Run("record", Id(target), "--for", "1s", "-o", file, "--timeout", "60");
        record.ExitCode.Should().Be(0, record.Errors);
        var trace = ToolRun.Run("trace", file, "-o", Path.Combine(folder, "stuck.pftrace"), "--json");
        using var json = JsonDocument.Parse(trace.Output);
        json.RootElement.GetProperty("longest")[0].GetProperty("name").GetString().Should().Be("main");
        json.RootElement.GetProperty("longest")[0].GetProperty("duration").GetDouble().Should().BeGreaterThan(0.5);
        json.RootElement.GetProperty("loop").GetString().Should().Be("loop-1", "that is what it is called, and not the process");

        ToolRun.Run("ps", Id(target), "--frames", "--timeout", "60").Output.Split("LongStep").Should().HaveCount(2, "it is one step");
        string[] lines = ToolRun.Run("ps", Id(target), "--frames", "--json", "--timeout", "60").Output.TrimEnd().Split('\n');
        using var found = JsonDocument.Parse(lines.Should().HaveCount(2).And.Subject.Last());
        found.RootElement.GetProperty("findings")[0].GetProperty("frames").EnumerateArray().Select(static frame => frame.GetString()).Should().Contain(
            static frame => frame!.Contains("Work.EndlessWork"));
    }

    [Fact]
    public void Of_several_loops_the_one_that_was_recorded_is_named()
    {
        using var target = TargetProcess.Run("forever");
        ToolRun.Run("record", Id(target), "--for", "2s", "-o", Path.Combine(folder, "one.elrec"), "--timeout", "60").Output
            .Should().MatchRegex("of loop 'loop-[0-9]', one of 3 \\(--name chooses\\)");
    }

    [Fact]
    public void A_loop_with_much_to_do_is_recorded_without_loss_and_the_recorder_is_off_afterwards()
    {
        using var target = TargetProcess.Run("paced");
        string file = Path.Combine(folder, "busy.elrec");
        var run = ToolRun.Run("record", Id(target), "--for", "1s", "-o", file);
        run.ExitCode.Should().Be(0, run.Errors);
        run.Output.Should().Contain("none lost");

        var trace = ToolRun.Run("trace", file, "-o", Path.Combine(folder, "busy.pftrace"));
        trace.ExitCode.Should().Be(0, trace.Errors);
        trace.Output.Should().MatchRegex("[0-9]{3,} steps");
        new FileInfo(Path.Combine(folder, "busy.pftrace")).Length.Should().BeGreaterThan(10_000);
        IsCounting(target).Should().BeFalse("the tool has switched it off");
    }

    [Fact]
    public void A_tool_that_is_killed_while_it_records_leaves_the_target_as_it_was_and_the_recorder_off()
    {
        using var target = TargetProcess.Run("busy");
        string file = Path.Combine(folder, "orphan.elrec");
        using (var tool = System.Diagnostics.Process.Start(Programs.Start("EventLoop.Tool", ["record", Id(target), "--for", "60s", "-o", file]))!)
        {
            for (int i = 0; i < 1200 && !(File.Exists(file) && new FileInfo(file).Length > 100_000); i++)
            {
                Thread.Sleep(50);
            }

            tool.Kill();
            tool.WaitForExit();
        }

        IsCounting(target).Should().BeFalse("the runtime tells the target that nobody listens any more");
        target.HasExited.Should().BeFalse();
        var trace = ToolRun.Run("trace", file, "-o", Path.Combine(folder, "orphan.pftrace"));
        (trace.ExitCode is 0 or 2).Should().BeTrue("half a file is read or refused, and nothing else: " + trace.Errors);
    }

    // The recorder is on as long as tasks are counted; it is switched off when the target has learned that nobody listens.
    private static bool IsCounting(TargetProcess target)
    {
        bool counts = true;
        for (int i = 0; i < 20 && counts; i++)
        {
            counts = CountsNow(target);
        }

        return counts;
    }

    private static bool CountsNow(TargetProcess target) =>
        Snapshot(ToolRun.Run("ps", Id(target), "--json")).Tasks.Any(static task => task.Activity is not null);

    [Fact]
    public void A_recording_ends_in_the_target_as_well_while_another_tool_goes_on_looking()
    {
        using var target = TargetProcess.Run("busy");
        using var top = System.Diagnostics.Process.Start(Programs.Start("EventLoop.Tool", ["top", Id(target), "--json", "--interval", "100ms"]))!;
        top.StandardOutput.ReadLine().Should().NotBeNull("it looks");
        _ = top.StandardOutput.ReadToEndAsync();
        var recording = ToolRun.StartAsync("record", Id(target), "--for", "5s", "-o", Path.Combine(folder, "beside.elrec"), "--timeout", "60");
        bool wasOn = false;
        while (!wasOn && !recording.IsCompleted)
        {
            wasOn = CountsNow(target);
        }

        wasOn.Should().BeTrue("it is seen that the recorder is on");
        recording.Result.ExitCode.Should().Be(0, recording.Result.Errors);
        IsCounting(target).Should().BeFalse("its tool has said that it is over");
        top.HasExited.Should().BeFalse();
        top.Kill();
        top.WaitForExit();
    }

    [Fact]
    public void A_target_that_is_killed_while_it_is_recorded_ends_the_command_and_leaves_a_file()
    {
        using var target = TargetProcess.Run("busy");
        string file = Path.Combine(folder, "killed.elrec");
        var running = ToolRun.StartAsync("record", Id(target), "--for", "60s", "-o", file);
        for (int i = 0; i < 600 && !(File.Exists(file) && new FileInfo(file).Length > 100_000); i++)
        {
            Thread.Sleep(50);
        }

        target.Kill();
        running.Result.ExitCode.Should().Be(8, running.Result.Errors);
        ToolRun.Run("trace", file, "-o", Path.Combine(folder, "killed.pftrace")).ExitCode.Should().Be(0);
    }

    [Fact]
    public void A_program_whose_thread_pool_is_starved_answers_every_question()
    {
        using var target = TargetProcess.Run("starved");
        var run = ToolRun.Run("ps", Id(target), "--timeout", "60");
        run.ExitCode.Should().Be(0, run.Errors);
        run.Output.Should().MatchRegex("waits for the pool", "that task is the one that needs the pool");
        ToolRun.Run("doctor", Id(target), "--leaks", "--timeout", "60").ExitCode.Should().BeOneOf(0, 1);
        ToolRun.Run("top", Id(target), "--once", "--timeout", "60").ExitCode.Should().Be(0);
        ToolRun.Run("dump", Id(target), "--frames", "-o", Path.Combine(folder, "starved.eldump"), "--timeout", "60").ExitCode.Should().Be(0);
        var record = ToolRun.Run("record", Id(target), "--for", "300ms", "-o", Path.Combine(folder, "starved.elrec"), "--timeout", "60");
        record.ExitCode.Should().Be(0, record.Errors);
    }

    [Fact]
    public void A_loop_between_two_runs_is_listed_with_its_tasks_also_in_a_dump()
    {
        using var target = TargetProcess.Run("between");
        ToolRun.Run("list", "--timeout", "20").Output.Should().MatchRegex($"{Id(target)} .*loop 'between' \\(1 task, does not run now\\)");
        var run = ToolRun.Run("ps", Id(target), "--timeout", "60");
        run.ExitCode.Should().Be(0, run.Errors);
        run.Output.Should().MatchRegex("loop 'between' .*does not run").And.MatchRegex("left +event 'later'").And.NotContain("in a step now");
        ToolRun.Run("doctor", Id(target), "--timeout", "60").ExitCode.Should().Be(0);
        ToolRun.Run("top", Id(target), "--once", "--timeout", "60").ExitCode.Should().Be(0);
        string file = Path.Combine(folder, "between.eldump");
        ToolRun.Run("dump", Id(target), "--frames", "-o", file, "--timeout", "60").ExitCode.Should().Be(0);
        ToolRun.Run("show", file).Output.Should().MatchRegex("loop 'between' .*does not run").And.Contain("left");
    }

    [Fact]
    public void SIGQUIT_prints_all_loops_also_of_one_that_is_stuck_and_the_program_lives()
    {
        using var target = TargetProcess.Run("spin", ("EVENTLOOP_QUIT", "1"), ("DOTNET_EnableDiagnostics", "0"));
        target.Signal("QUIT");
        for (int i = 0; i < 200 && !target.Errors.Contains("other", StringComparison.Ordinal); i++)
        {
            Thread.Sleep(50);
        }

        target.Errors.Should().Contain("spinner").And.Contain("RUNNING").And.Contain("other");
        target.Signal("QUIT");
        target.HasExited.Should().BeFalse();
    }

    [Fact]
    public void Two_hundred_thousand_tasks_are_put_together_and_all_of_them_come_when_they_are_asked_for()
    {
        using var target = TargetProcess.Run(["many", "200000"], []);
        var few = ToolRun.Run("ps", Id(target), "--timeout", "60");
        few.Output.Should().Contain("200000 x waiting");
        few.Output.Length.Should().BeLessThan(64 * 1024, "equal tasks are one line");
        Snapshot(ToolRun.Run("ps", Id(target), "--json", "--timeout", "60")).Tasks.Should().HaveCount(10_000, "so many are listed unless all are asked for");
        var all = ToolRun.Run("ps", Id(target), "--json", "--all", "--timeout", "60");
        all.ExitCode.Should().Be(0, all.Errors);
        Snapshot(all).Tasks.Should().HaveCount(200_001);
    }

    [Fact]
    public void A_thousand_loops_answer()
    {
        using var target = TargetProcess.Run("loops");
        var run = ToolRun.Run("ps", Id(target), "--json", "--timeout", "30");
        run.ExitCode.Should().Be(0, run.Errors);
        run.Output.TrimEnd().Split('\n').Should().HaveCount(1000);
        ToolRun.Run("ps", Id(target), "--name", "many-77").Output.Should().Contain("loop 'many-77'").And.NotContain("many-78");
    }

    [Fact]
    public void A_disk_that_is_full_while_the_tool_writes_is_told_and_leaves_no_half_of_a_dump()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Programs.Exists("prlimit"), "needs prlimit");
        using var target = TargetProcess.Run("mix");
        using var busy = TargetProcess.Run("busy");
        string file = Path.Combine(folder, "full.eldump");
        var run = ToolRun.RunBy(Programs.WithDiskOf(20_000), "dump", Id(target), "-o", file);
        run.ExitCode.Should().Be(2, run.Output + run.Errors);
        run.Errors.Should().NotBeEmpty().And.NotContain("   at ");
        File.Exists(file).Should().BeFalse();
        var record = ToolRun.RunBy(Programs.WithDiskOf(20_000), "record", Id(busy), "--for", "60s", "-o", Path.Combine(folder, "full.elrec"));
        record.ExitCode.Should().Be(2, record.Output + record.Errors);
        record.Errors.Should().Contain("cannot be written").And.NotContain("   at ");
        IsCounting(busy).Should().BeFalse();
        ToolRun.Run("ps", Id(target)).ExitCode.Should().Be(0);
    }

    [Fact]
    public void A_disk_that_is_full_while_a_dump_is_written_is_logged_leaves_no_half_of_it_and_hurts_nobody()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Programs.Exists("prlimit"), "needs prlimit");
        string dumps = Path.Combine(folder, "dumps");
        using var target = TargetProcess.Run(["dumps", dumps], Programs.WithDiskOf(20_000));
        target.Signal("QUIT");
        for (int i = 0; i < 1200 && !target.Errors.Contains("could not be written", StringComparison.Ordinal); i++)
        {
            Thread.Sleep(50);
        }

        target.Errors.Should().Contain("A dump could not be written");
        for (int i = 0; i < 1200 && Directory.GetFiles(dumps).Length > 0; i++)
        {
            Thread.Sleep(50);
        }

        Directory.GetFiles(dumps).Should().BeEmpty();
        ToolRun.Run("ps", Id(target)).Output.Should().Contain("1000 x waiting");
    }

    [Fact]
    public void SIGQUIT_while_loops_are_made_and_closed_prints_and_kills_nobody()
    {
        using var target = TargetProcess.Run("restless", ("EVENTLOOP_QUIT", "1"));
        for (int i = 0; i < 30; i++)
        {
            target.Signal("QUIT");
        }

        for (int i = 0; i < 1200 && !target.Errors.Contains("event loop", StringComparison.Ordinal); i++)
        {
            Thread.Sleep(50);
        }

        target.Errors.Should().Contain("event loop").And.NotContain("Unhandled");
        target.HasExited.Should().BeFalse();
        ToolRun.Run("ps", Id(target)).ExitCode.Should().Be(0);
    }
}
