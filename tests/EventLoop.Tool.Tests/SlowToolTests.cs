using System.Diagnostics;
using System.Globalization;
using EventLoop.Diagnostics;

namespace EventLoop.Tool.Tests;

/// <summary>A tool that does not come to read what it has asked for, and a folder that takes no dump.</summary>
public sealed class SlowToolTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("eventloop-tool-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Id(TargetProcess target) => target.Id.ToString(CultureInfo.InvariantCulture);

    [Fact]
    public void A_tool_that_is_stopped_in_the_middle_of_a_recording_holds_up_neither_the_program_nor_another_tool()
    {
        using var target = TargetProcess.Run("busy");
        string file = Path.Combine(folder, "slow.elrec");
        using var slow = Process.Start(Programs.Start("EventLoop.Tool", ["record", Id(target), "--for", "60s", "-o", file]))!;
        try
        {
            for (int i = 0; i < 1200 && !(File.Exists(file) && new FileInfo(file).Length > 100_000); i++)
            {
                Thread.Sleep(50);
            }

            Signal(slow, "STOP");
            long steps = StepsOf(target);
            for (int i = 0; i < 3; i++)
            {
                long more = StepsOf(target);
                more.Should().BeGreaterThan(steps, "the program goes on");
                steps = more;
            }

            var beside = ToolRun.Run("record", Id(target), "--for", "1s", "-o", Path.Combine(folder, "beside.elrec"));
            beside.ExitCode.Should().Be(0, beside.Output + beside.Errors);
            Signal(slow, "CONT");
            Signal(slow, "INT");
            slow.WaitForExit(60_000).Should().BeTrue("it goes on, and can be interrupted");
        }
        finally
        {
            slow.Kill();
        }

        var trace = ToolRun.Run("trace", file, "-o", Path.Combine(folder, "slow.pftrace"));
        trace.ExitCode.Should().Be(0, trace.Errors);
        trace.Output.Should().MatchRegex("[0-9]{3,} steps");
        StepsOf(target).Should().BePositive();
    }

    [Fact]
    public void A_folder_for_dumps_in_which_the_program_may_not_write_is_logged_and_hurts_nobody()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Programs.Exists("setpriv"), "needs a user who may do nothing");
        Assert.SkipUnless(ToolRun.RunBy(Programs.AsNobody, "--version").ExitCode == 0, "the built programs cannot be read by others");
        string dumps = Directory.CreateDirectory(Path.Combine(folder, "dumps")).FullName;
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        File.SetUnixFileMode(dumps, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        using var target = TargetProcess.Run(["dumps", dumps], Programs.AsNobody);
        target.Signal("QUIT");
        for (int i = 0; i < 1200 && !target.Errors.Contains("could not be written", StringComparison.Ordinal); i++)
        {
            Thread.Sleep(50);
        }

        target.Errors.Should().Contain("A dump could not be written").And.NotContain("Unhandled");
        Directory.GetFileSystemEntries(dumps).Should().BeEmpty();
        ToolRun.RunBy(Programs.AsNobody, "ps", Id(target)).Output.Should().Contain("1000 x waiting");
    }

    private static void Signal(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static long StepsOf(TargetProcess target)
    {
        var run = ToolRun.Run("ps", Id(target), "--json");
        run.ExitCode.Should().Be(0, run.Output + run.Errors);
        return LoopSnapshot.ReadJson(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(run.Output))).Statistics.Steps;
    }
}
