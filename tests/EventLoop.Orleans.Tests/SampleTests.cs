using EventLoop.Samples;

namespace EventLoop.Orleans.Tests;

/// <summary>The sample as a user starts it: three silos as processes, one of which is killed.</summary>
public sealed class SampleTests
{
    [Fact]
    public void A_silo_that_is_killed_in_the_middle_loses_no_work()
    {
        Assert.SkipUnless(OwnServer.Redis.IsInstalled, OwnServer.Redis.HowToInstall);
        var result = Loop.Run(
            async Coroutine<RunResult<string>> () => await Loop.WaitFor(
                Subprocess.RunAndCaptureTextAsync("dotnet", Path.Combine(AppContext.BaseDirectory, "Cluster.dll"), "demo", "--jobs", "40", "--time", "100"),
                    TimeSpan.FromSeconds(150)),
            new LoopOptions { HandleInterrupt = false });
        result.ExitStatus.IsSuccess.Should().BeTrue(result.StandardOutput + result.StandardError);
        result.StandardOutput.Should().Contain("40 of 40 jobs done").And.Contain("killing process").And.Contain("was lost with its silo");
    }
}
