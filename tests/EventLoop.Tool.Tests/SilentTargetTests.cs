using System.Globalization;

namespace EventLoop.Tool.Tests;

/// <summary>Programs that cannot answer, or not all of it.</summary>
public sealed class SilentTargetTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("eventloop-tool-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Id(TargetProcess target) => target.Id.ToString(CultureInfo.InvariantCulture);

    [Fact]
    public void A_stopped_target_says_so_in_time()
    {
        using var target = TargetProcess.Run("spin");
        target.Signal("STOP");
        var run = ToolRun.Run("ps", Id(target), "--timeout", "2s");
        var page = ToolRun.Run("web", Id(target), "--timeout", "2s");
        target.Signal("CONT");

        run.ExitCode.Should().Be(7, run.Errors);
        run.Errors.Should().Contain("stopped");
        page.ExitCode.Should().Be(7, page.Errors);
        page.Output.Should().BeEmpty("there is no page to be looked at");
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_temporary_folder_is_given_as_the_reason_only_where_it_is_the_reason(bool isPortLeftBySomebodyElse)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        string[] withoutOne = ["env", "-u", "TMPDIR"];
        foreach (string theirs in new[] { "/tmp", "/tmp/", folder })
        {
            using var target = TargetProcess.Run("spin", ("DOTNET_EnableDiagnostics", "0"), ("TMPDIR", theirs));
            using var port = new LeftPort("/tmp", isPortLeftBySomebodyElse ? target : null);
            var run = ToolRun.RunBy(withoutOne, "ps", Id(target));
            run.ExitCode.Should().Be(5);
            run.Errors.Should().Contain("has no diagnostics port").And.NotContain("TMPDIR");
        }
    }

    [Fact]
    public void A_target_that_ends_in_the_middle_of_its_answer_ends_the_command()
    {
        using var target = TargetProcess.Run(["othersource", "exits"], []);
        var run = ToolRun.Run("ps", Id(target), "--timeout", "30");
        run.ExitCode.Should().Be(8, run.Output + run.Errors);
        run.Errors.Should().Contain("ended").And.NotContain("   at ");
    }

    [Theory]
    [InlineData("newer", "newer than this tool")]
    [InlineData("older", "older than this tool")]
    public void A_target_of_another_version_is_told_which_is_older(string way, string what)
    {
        using var target = TargetProcess.Run(["othersource", way], []);
        foreach (string command in new[] { "ps", "doctor", "top" })
        {
            var run = ToolRun.Run(command, Id(target));
            run.ExitCode.Should().Be(7, run.Output + run.Errors);
            run.Errors.Should().Contain(what).And.NotContain("   at ");
        }

        string file = Path.Combine(folder, "nothing.elrec");
        var record = ToolRun.Run("record", Id(target), "-o", file);
        record.ExitCode.Should().Be(7, record.Output + record.Errors);
        record.Errors.Should().Contain(what).And.NotContain("   at ");
        File.Exists(file).Should().BeFalse("nothing has arrived, and whoever tries again needs the name");
    }

    [Fact]
    public void A_target_that_ends_before_its_stacks_or_its_heap_have_been_read_is_told_and_what_it_has_dumped_is_kept()
    {
        string file = Path.Combine(folder, "left.eldump");
        using (var target = TargetProcess.Run(["othersource", "leaves"], []))
        {
            var dump = ToolRun.Run("dump", Id(target), "--frames", "-o", file);
            dump.ExitCode.Should().Be(8, dump.Output + dump.Errors);
            dump.Output.Should().Contain("wrote");
            dump.Errors.Should().Contain("has ended").And.NotContain("   at ");
        }

        ToolRun.Run("show", file).Output.Should().Contain("loop 'short'");
        using (var target = TargetProcess.Run(["othersource", "leaves"], []))
        {
            var doctor = ToolRun.Run("doctor", Id(target), "--leaks");
            doctor.ExitCode.Should().Be(8, doctor.Output + doctor.Errors);
            doctor.Errors.Should().Contain("has ended").And.NotContain("   at ");
        }
    }

    [Theory]
    [InlineData("newer", "newer than this tool")]
    [InlineData("older", "older than this tool")]
    public void A_page_has_no_link_before_the_target_has_answered(string way, string what)
    {
        using var target = TargetProcess.Run(["othersource", way], []);
        var run = ToolRun.Run("web", Id(target));
        run.ExitCode.Should().Be(7, run.Output + run.Errors);
        run.Errors.Should().Contain(what).And.NotContain("   at ");
        run.Output.Should().BeEmpty("there is no page to be looked at");
    }

    [Fact]
    public void A_dump_of_a_newer_version_is_refused_in_words()
    {
        string file = Path.Combine(folder, "newer.eldump");
        File.WriteAllText(file, "{\"v\":99,\"parts\":[]}\n");
        foreach (string command in new[] { "show", "ps", "doctor" })
        {
            var run = ToolRun.Run(command, file);
            run.ExitCode.Should().Be(2, run.Output + run.Errors);
            run.Errors.Should().Contain("newer").And.NotContain("   at ");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_the_port_is_off_the_message_says_what_to_do(bool isOneLeftBySomebodyElse)
    {
        using var target = TargetProcess.Run("spin", ("DOTNET_EnableDiagnostics", "0"));
        using var port = new LeftPort(Path.GetTempPath(), isOneLeftBySomebodyElse ? target : null);
        var run = ToolRun.Run("doctor", Id(target));
        run.ExitCode.Should().Be(5, run.Errors);
        run.Errors.Should().Contain("DOTNET_EnableDiagnostics").And.Contain("EVENTLOOP_QUIT=1");
    }

    [Fact]
    public void Another_users_process_is_refused_with_what_to_do()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root" && Programs.Exists("setpriv"), "needs root and setpriv");
        Assert.SkipUnless(ToolRun.RunBy(Programs.AsNobody, "--version").ExitCode == 0, "the built tool cannot be read by others");
        using var target = TargetProcess.Run("mix");
        var run = ToolRun.RunBy(Programs.AsNobody, "ps", Id(target));
        run.ExitCode.Should().Be(4, run.Output + run.Errors);
        run.Errors.Should().Contain("as root");
    }

    [Fact]
    public void A_program_whose_event_sources_are_switched_off_is_told_apart_with_what_still_works_and_that_works()
    {
        string dumps = Path.Combine(folder, "dumps");
        using var target = TargetProcess.Run(["dumps", dumps], Programs.WithoutEventSources(folder), ("EVENTLOOP_QUIT", "1"));
        foreach (string command in new[] { "ps", "doctor", "record" })
        {
            var run = ToolRun.Run(command, Id(target));
            run.ExitCode.Should().Be(6, run.Output + run.Errors);
            run.Errors.Should().Contain("EventSource.IsSupported").And.Contain("EVENTLOOP_QUIT=1").And.Contain("DumpOn").And.NotContain("   at ");
        }

        target.Signal("QUIT");
        string text = $"1 event loop of process {Id(target)} (EventLoop.Tool.Target)";
        string[] written = [];
        for (int i = 0; i < 1200 && !(target.Errors.Contains(text, StringComparison.Ordinal) && written.Length > 0); i++)
        {
            Thread.Sleep(50);
            written = Directory.Exists(dumps) ? Directory.GetFiles(dumps, "*.eldump") : [];
        }

        target.Errors.Should().Contain(text, "that is SIGQUIT");
        ToolRun show = new(0, "", "", default);
        for (int i = 0; i < 20 && !show.Output.Contains("Work.Idle", StringComparison.Ordinal); i++)
        {
            show = ToolRun.Run("show", written.Should().ContainSingle().Subject, "--bunches");      // it may still be written
        }

        show.Output.Should().Contain("1000 x waiting");
        using var head = System.Text.Json.JsonDocument.Parse(File.ReadLines(written[0]).First());
        head.RootElement.GetProperty("process").GetString().Should().Be("EventLoop.Tool.Target", "not dotnet, which runs it");
        target.HasExited.Should().BeFalse();
    }

    // As of a process that had the number before and was killed.
    private sealed class LeftPort : IDisposable
    {
        private readonly string? path;

        internal LeftPort(string folder, TargetProcess? numbered)
        {
            if (numbered is not null)
            {
                File.WriteAllText(path = Path.Combine(folder, $"dotnet-diagnostic-{Id(numbered)}-1-socket"), "");
            }
        }

        public void Dispose()
        {
            if (path is not null)
            {
                File.Delete(path);
            }
        }
    }
}
