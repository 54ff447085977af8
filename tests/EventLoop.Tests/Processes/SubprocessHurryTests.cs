namespace EventLoop.Tests.Processes;

/// <summary>Cancellations that no shield holds off.</summary>
public sealed class SubprocessHurryTests : ProcessTest
{
    private static readonly ProcessCommand Deaf = Sh("trap '' TERM; while :; do sleep 0.05; done");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void A_start_that_is_cancelled_without_any_grace_leaves_no_child(int yields) => RunProcesses(async () =>
    {
        var before = Children();
        var scope = new CancelScope();
        Subprocess? child = null;
        var task = Loop.CreateTask(async Coroutine () => await scope.RunAsync(async Coroutine () => child = await Subprocess.StartAsync("sleep", "60")));
        await Yields(yields);
        scope.Cancel(grace: TimeSpan.Zero);
        await task;
        if (child is not null)
        {
            await child.DisposeAsync();
        }

        Children().Should().BeEquivalentTo(before);
    });

    [Theory]
    [InlineData("run")]
    [InlineData("capture")]
    [InlineData("lines")]
    [InlineData("stop")]
    [InlineData("dispose")]
    public void What_is_cancelled_without_any_grace_ends_when_the_child_is_gone(string way) => RunProcesses(async () =>
    {
        var before = Children();
        var scope = new CancelScope();
        bool stopping = false;
        var task = Loop.CreateTask(async Coroutine () => await scope.RunAsync(async Coroutine () =>
        {
            switch (way)
            {
                case "run":
                    await Subprocess.RunAsync(Deaf);
                    break;
                case "capture":
                    await Subprocess.RunAndCaptureAsync(Deaf, new byte[1024 * 1024]);
                    break;
                case "lines":
                    await foreach (string _ in Subprocess.ReadLinesAsync(Deaf))
                    {
                    }

                    break;
                case "stop":
                    var child = await Subprocess.StartAsync(Sh("trap '' TERM; echo deaf; while :; do sleep 0.05; done") with { Output = Stdio.Pipe });
                    await child.Output.ReadLineAsync();
                    stopping = true;
                    try
                    {
                        await child.StopAsync(TimeSpan.FromMinutes(1));
                    }
                    finally
                    {
                        child.ExitStatus!.Value.Signal.Should().Be(Signals.SIGKILL);
                    }

                    break;
                default:
                    await using (await Subprocess.StartAsync(Deaf))
                    {
                        await Loop.Sleep(Timeout.InfiniteTimeSpan);
                    }

                    break;
            }
        }));
        while (way == "stop" ? !stopping : Children().Except(before).All(static child => !child.Contains("trap")))
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(1));
        }

        scope.Cancel(grace: TimeSpan.Zero);
        await task;
        Children().Except(before).Should().BeEmpty();
    });

    [Fact]
    public void Who_disposes_a_second_time_waits_for_the_first() => RunProcesses(async () =>
    {
        var child = await Subprocess.StartAsync(Sh("trap 'sleep 0.2; exit' TERM; echo ready; while :; do sleep 0.01; done") with { Output = Stdio.Pipe });
        await child.Output.ReadLineAsync();
        var first = Loop.CreateTask(async Coroutine () => await child.DisposeAsync());
        await Yields(3);
        await child.DisposeAsync();
        StateOf(child.Id).Should().BeNull();
        await first;
        await child.DisposeAsync();
    });

    [Fact]
    public void Disposing_what_the_end_of_its_loop_has_killed_does_nothing()
    {
        Subprocess? child = null;
        RunProcesses(async () => child = await Subprocess.StartAsync("sleep", "60"));
        child!.DisposeAsync().IsCompletedSuccessfully.Should().BeTrue();
        child.HasExited.Should().BeTrue();
        Reported.Should().ContainSingle();
    }
}
