namespace EventLoop.Samples.Tests;

public sealed class CpuBoundTests
{
    [Fact]
    public void The_same_sums_come_by_every_way_on_this_thread_on_others_in_processes_and_in_a_cluster()
    {
        var result = Sample.Run("CpuBound", "--jobs", "4", "--size", "10000");

        result.ExitStatus.IsSuccess.Should().BeTrue(result.StandardOutput + result.StandardError);      // it checks the sums itself
        result.StandardOutput.Should().Contain("inline, without a loop").And.Contain("on the loop, RunInExecutor")
            .And.Contain("on the loop, worker processes").And.Contain("on the loop, two silos");
    }

    [Fact]
    public void Told_to_end_while_its_silos_start_it_ends_them()
    {
        var result = Sample.Terminate("CpuBound", "on the loop, worker processes", HasSilo, "--jobs", "4", "--size", "10000");

        result.ExitStatus.Should().Be(new ExitStatus(143), result.StandardOutput + result.StandardError);
        result.StandardError.Should().NotContain("was left when loop");

        // One that runs already, and is not ready yet: it would be so after seconds.
        static bool HasSilo(int parent) => Directory.EnumerateDirectories("/proc").Any(folder =>
        {
            try
            {
                return File.ReadAllText($"{folder}/cmdline").Contains("\0silo\0", StringComparison.Ordinal)
                    && File.ReadAllText($"{folder}/stat").Split(") ")[^1].Split(' ')[1] == $"{parent}"
                    && Directory.GetDirectories($"{folder}/task").Length > 5;
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        });
    }
}
