using System.Runtime.InteropServices;

namespace EventLoop.Tests.Processes;

public sealed class CoreDumpTests : ProcessTest
{
    [Fact]
    public void A_child_that_dumps_core_is_told_with_its_signal_and_the_dump() => RunProcesses(async () =>
    {
        string pattern = File.Exists("/proc/sys/kernel/core_pattern") ? File.ReadAllText("/proc/sys/kernel/core_pattern").Trim() : "";
        var folder = Directory.CreateTempSubdirectory("core");      // where a dump would be written
        try
        {
            var command = Sh("ulimit -c unlimited || exit 9; kill -QUIT $$") with { WorkingDirectory = folder.FullName };
            var status = await Subprocess.RunAsync(command);
            Assert.SkipWhen(status.ExitCode == 9, "no core may be dumped here at all");
            status.Signal.Should().Be(PosixSignal.SIGQUIT);
            status.ExitCode.Should().Be(128 + 3);
            status.IsSuccess.Should().BeFalse();
            status.ToString().Should().StartWith("killed by SIGQUIT");
            Assert.SkipWhen(pattern.Length == 0 || pattern.StartsWith('|') || pattern.Contains('/'), $"dumps go elsewhere here: {pattern}");
            status.CoreDumped.Should().Be(folder.EnumerateFiles().Any());
            (await Subprocess.RunAsync(command with { Arguments = ["-c", "ulimit -c 0; kill -QUIT $$"] })).CoreDumped.Should().BeFalse();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    });
}
