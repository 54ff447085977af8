using System.Globalization;
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
    public void A_busy_loop_is_recorded_without_loss_and_the_recorder_is_off_afterwards()
    {
        using var target = TargetProcess.Run("busy");
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

    // The recorder is on as long as tasks are counted; it is switched off when the target has learned that nobody listens.
    private static bool IsCounting(TargetProcess target)
    {
        bool counts = true;
        for (int i = 0; i < 20 && counts; i++)
        {
            counts = Snapshot(ToolRun.Run("ps", Id(target), "--json")).Tasks.Any(static task => task.Activity is not null);
        }

        return counts;
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
    public void A_stopped_target_says_so_in_time()
    {
        using var target = TargetProcess.Run("spin");
        target.Signal("STOP");
        var run = ToolRun.Run("ps", Id(target), "--timeout", "2s");
        target.Signal("CONT");

        run.ExitCode.Should().Be(7, run.Errors);
        run.Errors.Should().Contain("stopped");
    }

    [Fact]
    public void A_program_without_a_loop_without_a_port_or_with_another_temporary_folder_is_told_apart()
    {
        using (var target = TargetProcess.Run("none"))
        {
            ToolRun.Run("ps", Id(target)).ExitCode.Should().Be(6);
        }

        using (var target = TargetProcess.Run("none", ("DOTNET_EnableDiagnostics", "0")))
        {
            ToolRun.Run("ps", Id(target)).ExitCode.Should().Be(5);
        }

        using (var target = TargetProcess.Run("spin", ("TMPDIR", folder)))
        {
            var run = ToolRun.Run("ps", Id(target));
            (run.ExitCode == 0 || (run.ExitCode == 5 && run.Errors.Contains($"TMPDIR={folder}", StringComparison.Ordinal))).Should().BeTrue(run.Errors);
        }
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
    public void A_hundred_thousand_tasks_are_put_together_and_all_of_them_come_when_they_are_asked_for()
    {
        using var target = TargetProcess.Run("many");
        ToolRun.Run("ps", Id(target)).Output.Should().Contain("100000 x waiting");
        var all = ToolRun.Run("ps", Id(target), "--json", "--all", "--timeout", "30");
        all.ExitCode.Should().Be(0, all.Errors);
        Snapshot(all).Tasks.Should().HaveCount(100_001);
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
}
