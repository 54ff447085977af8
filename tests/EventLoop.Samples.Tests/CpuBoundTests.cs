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
}
