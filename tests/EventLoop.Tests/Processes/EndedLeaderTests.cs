namespace EventLoop.Tests.Processes;

/// <summary>Children with a group of their own that are waited for and not disposed.</summary>
public sealed class EndedLeaderTests : ProcessTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(ProcessGroup.New, false)]
    [InlineData(ProcessGroup.NewSession, false)]
    [InlineData(ProcessGroup.New, true)]
    public void One_that_is_alone_in_its_group_is_let_go_of(ProcessGroup group, bool isGuarded) => RunProcesses(async () =>
    {
        var child = await Subprocess.StartAsync(new ProcessCommand("true") { Group = group, KillOnParentExit = isGuarded });
        (await child.WaitAsync()).ExitCode.Should().Be(0);
        await Loop.WaitFor(Until(() => StateOf(child.Id) is null), Patience);
        child.Signal(Signals.SIGKILL, entireProcessTree: true).Should().BeFalse();
        (await child.WaitAsync()).ExitCode.Should().Be(0);
        (await child.StopAsync()).ExitCode.Should().Be(0);
        await child.DisposeAsync();
    });

    [Fact]
    public void Its_group_s_number_is_kept_as_long_as_others_are_there_and_Dispose_reaches_them() => RunProcesses(async () =>
    {
        var child = await Subprocess.StartAsync(Sh("sleep 60 & echo $!") with { Group = ProcessGroup.New, Output = Stdio.Pipe });
        int other = int.Parse((await child.Output.ReadLineAsync())!);
        await child.WaitAsync();
        await Loop.Sleep(TimeSpan.FromSeconds(4));
        StateOf(child.Id)!.Value.State.Should().Be('Z');
        IsGone(other).Should().BeFalse();
        await child.DisposeAsync();
        await Loop.WaitFor(UntilGone(other), Patience);
        await Loop.WaitFor(Until(() => StateOf(child.Id) is null), Patience);
    });

    [Fact]
    public void A_signal_for_the_tree_reaches_the_others_when_it_has_ended_itself() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(Sh("sleep 60 & echo $!") with { Group = ProcessGroup.New, Output = Stdio.Pipe });
        int other = int.Parse((await child.Output.ReadLineAsync())!);
        await child.WaitAsync();
        child.Kill().Should().BeFalse();
        child.Kill(entireProcessTree: true).Should().BeFalse("it has ended itself");
        await Loop.WaitFor(UntilGone(other), Patience);
    });

    [Fact]
    public void It_is_let_go_of_when_the_last_of_the_others_has_ended() => RunProcesses(async () =>
    {
        var child = await Subprocess.StartAsync(Sh("sleep 2 &") with { Group = ProcessGroup.New });
        await child.WaitAsync();
        await Loop.WaitFor(Until(() => StateOf(child.Id) is null), Patience);
    });

    private static async Coroutine Until(Func<bool> condition)
    {
        while (!condition())
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(10));
        }
    }
}
