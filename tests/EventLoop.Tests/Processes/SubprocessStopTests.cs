using System.Diagnostics;
using System.Runtime.InteropServices;
using EventLoop.Native;

namespace EventLoop.Tests.Processes;

public sealed class SubprocessStopTests : ProcessTest
{
    private const string Deaf = "trap '' TERM; echo ready; while :; do sleep 0.05; done";

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void Stop_sends_the_signal_of_the_command_and_waits() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync("sleep", "60");
        (await child.StopAsync()).Signal.Should().Be(PosixSignal.SIGTERM);
        await using var other = await Subprocess.StartAsync(new ProcessCommand("sleep", "60") { StopSignal = PosixSignal.SIGINT });
        (await other.StopAsync()).Signal.Should().Be(PosixSignal.SIGINT);
        (await other.StopAsync()).Signal.Should().Be(PosixSignal.SIGINT, "a second stop finds it ended");
    });

    [Fact]
    public void What_does_not_heed_the_signal_is_killed_after_the_grace() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(Sh(Deaf) with { Output = Stdio.Pipe });
        await child.Output.ReadLineAsync();
        (await child.StopAsync(Short)).Signal.Should().Be(Signals.SIGKILL);
    });

    [Fact]
    public void A_grace_of_zero_kills_at_once() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync("sleep", "60");
        (await child.StopAsync(TimeSpan.Zero)).Signal.Should().Be(Signals.SIGKILL);
    });

    [Fact]
    public void A_cancelled_stop_kills_at_once_and_waits_all_the_same() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(Sh(Deaf) with { Output = Stdio.Pipe });
        await child.Output.ReadLineAsync();
        var stopping = Loop.CreateTask(child.StopAsync(TimeSpan.FromMinutes(1)));
        await Yields(3);
        stopping.Cancel();
        (await Catch(stopping)).Should().BeOfType<LoopCanceledException>();
        child.ExitStatus!.Value.Signal.Should().Be(Signals.SIGKILL);
    });

    [Fact]
    public void Dispose_leaves_nothing_behind_in_a_cancelled_scope_too() => RunProcesses(async () =>
    {
        int id = 0;
        await CancelScope.MoveOnAfter(TimeSpan.FromMilliseconds(50), async Coroutine (_) =>
        {
            await using var child = await Subprocess.StartAsync("sleep", "60");
            id = child.Id;
            await child.WaitAsync();
        });
        StateOf(id).Should().BeNull();
    });

    [Fact]
    public void A_scope_whose_grace_ends_makes_Dispose_kill_at_once() => RunProcesses(async () =>
    {
        var time = Stopwatch.StartNew();
        await CancelScope.Run(async Coroutine (scope) =>
        {
            await using var child = await Subprocess.StartAsync(Sh(Deaf) with { Output = Stdio.Pipe, StopGrace = TimeSpan.FromMinutes(1) });
            await child.Output.ReadLineAsync();
            scope.Cancel(grace: Short);
            await child.WaitAsync();
        });
        time.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(20));
    });

    [Fact]
    public void A_cancelled_run_stops_the_child_and_ends_when_it_is_gone() => RunProcesses(async () =>
    {
        string path = Path.GetTempFileName();
        var command = Sh("trap 'sleep 0.05; echo cleaned > \"$1\"; exit 0' TERM; echo ready > \"$1\"; while :; do sleep 0.01; done", path);
        var running = Loop.CreateTask(Subprocess.RunAsync(command with { StopGrace = TimeSpan.FromMinutes(10) }));      // a busy machine takes its time
        while ((await File.ReadAllTextAsync(path)) != "ready\n")
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(5));
        }

        running.Cancel();
        (await Catch(running)).Should().BeOfType<LoopCanceledException>();
        (await File.ReadAllTextAsync(path)).Should().Be("cleaned\n");
        File.Delete(path);
    });

    [Fact]
    public void A_run_that_is_cancelled_while_its_child_starts_stops_the_child_and_does_not_kill_it() => RunProcesses(async () =>
    {
        string path = Path.GetTempFileName();
        var command = Sh("trap 'echo cleaned > \"$1\"; exit 0' TERM; echo ready > \"$1\"; while :; do sleep 0.01; done", path);
        var running = Loop.CreateTask(Subprocess.RunAsync(command with { StopGrace = TimeSpan.FromMinutes(10) }));
        await Yields(3);
        SpinWait.SpinUntil(() => File.ReadAllText(path) == "ready\n", TimeSpan.FromSeconds(30)).Should().BeTrue();      // the loop stands, and has not heard of it
        running.Cancel();
        (await Catch(running)).Should().BeOfType<LoopCanceledException>();
        (await File.ReadAllTextAsync(path)).Should().Be("cleaned\n");
        File.Delete(path);
    });

    [Fact]
    public void A_cancelled_communicate_leaves_the_child_running() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(new ProcessCommand("sleep", "60") { Output = Stdio.Pipe });
        var talking = Loop.CreateTask(child.CommunicateAsync());
        await Yields(3);
        talking.Cancel();
        (await Catch(talking)).Should().BeOfType<LoopCanceledException>();
        child.HasExited.Should().BeFalse();
        IsGone(child.Id).Should().BeFalse();
    });

    [Fact]
    public void The_whole_tree_is_signalled_by_the_group_or_by_its_descendants() => RunProcesses(async () =>
    {
        foreach (var group in new[] { ProcessGroup.New, ProcessGroup.NewSession, ProcessGroup.Inherit })
        {
            await using var child = await Subprocess.StartAsync(Sh("sh -c 'sleep 60 & echo $!; wait' & wait") with { Output = Stdio.Pipe, Group = group });
            int grandchild = int.Parse((await child.Output.ReadLineAsync())!);
            StateOf(child.Id)!.Value.Group.Should().Be(group == ProcessGroup.Inherit ? StateOf(Environment.ProcessId)!.Value.Group : child.Id);
            child.Kill(entireProcessTree: true).Should().BeTrue();
            await UntilGone(grandchild);
            (await child.WaitAsync()).Signal.Should().Be(Signals.SIGKILL);
        }
    });

    [Fact]
    public void Others_of_its_group_are_killed_when_it_is_disposed() => RunProcesses(async () =>
    {
        var child = await Subprocess.StartAsync(Sh("sleep 60 & echo $!") with { Output = Stdio.Pipe, Group = ProcessGroup.New });
        int grandchild = int.Parse((await child.Output.ReadLineAsync())!);
        await child.WaitAsync();
        IsGone(grandchild).Should().BeFalse();
        await child.DisposeAsync();
        await UntilGone(grandchild);
    });

    [Fact]
    public void After_the_end_nothing_is_sent() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync("true");
        await child.WaitAsync();
        (child.Kill(), child.Terminate(entireProcessTree: true), child.Signal(Signals.SIGUSR1)).Should().Be((false, false, false));
    });

    [Fact]
    public void A_signal_is_one_of_the_system_and_given_by_its_name_or_number() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(Sh("trap 'exit 9' USR1; echo ready; while :; do sleep 0.01; done") with { Output = Stdio.Pipe });
        await child.Output.ReadLineAsync();
        foreach (int wrong in new[] { 0, 65, -11 })
        {
            var sending = () => child.Signal((PosixSignal)wrong);
            sending.Should().Throw<ArgumentOutOfRangeException>();
        }

        child.Signal((PosixSignal)10).Should().BeTrue();
        (await child.WaitAsync()).ExitCode.Should().Be(9);
    });

    [Fact]
    public void A_child_that_is_stopped_has_not_ended() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync("sleep", "60");
        child.Signal(Signals.SIGSTOP);
        while (StateOf(child.Id)!.Value.State != 'T')
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(1));
        }

        await Yields(3);
        child.HasExited.Should().BeFalse();
        child.Signal(PosixSignal.SIGCONT);
        (await child.StopAsync()).Signal.Should().Be(PosixSignal.SIGTERM);
    });

    [Theory]
    [InlineData(ProcessGroup.Inherit)]
    [InlineData(ProcessGroup.New)]
    public void A_child_that_is_stopped_continues_to_find_the_signal_of_a_stop(ProcessGroup group) => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(
            Sh("trap 'exit 7' TERM; echo ready; read line") with { Input = Stdio.Pipe, Output = Stdio.Pipe, Group = group });
        await child.Output.ReadLineAsync();
        child.Signal(Signals.SIGSTOP, entireProcessTree: group == ProcessGroup.New);
        while (StateOf(child.Id)!.Value.State != 'T')
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(1));
        }

        (await child.StopAsync(TimeSpan.FromMinutes(10))).ExitCode.Should().Be(7, "it was neither killed nor left alone for the whole grace");
    });

    [Fact]
    public void What_has_left_the_group_for_a_session_of_its_own_lives_and_holds_up_no_end() => RunProcesses(async () =>
    {
        int stranger;
        await using (var child = await Subprocess.StartAsync(
            Sh("setsid sleep 60 >/dev/null 2>&1 & echo $!; read line") with { Input = Stdio.Pipe, Output = Stdio.Pipe, Group = ProcessGroup.New }))
        {
            stranger = int.Parse((await child.Output.ReadLineAsync())!);
            while (StateOf(stranger)?.Group != stranger)
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            }
        }

        IsGone(stranger).Should().BeFalse("it is not in the group any more");
        Process.GetProcessById(stranger).Kill();
        await UntilGone(stranger);
    });

    [Fact]
    public void A_child_whose_output_is_closed_while_it_writes_ends_by_SIGPIPE() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(new ProcessCommand("yes") { Output = Stdio.Pipe });
        (await child.Output.ReadLineAsync()).Should().Be("y");
        await child.Output.DisposeAsync();
        (await child.WaitAsync()).Signal.Should().Be((PosixSignal)13);
    });

    [Fact]
    public void A_start_that_is_cancelled_leaves_no_child() => RunProcesses(async () =>
    {
        var before = Children();
        for (int yields = 0; yields < 6; yields++)
        {
            var starting = Loop.CreateTask(Subprocess.StartAsync("sleep", "60"));
            await Yields(yields);
            starting.Cancel();
            if (await Catch(starting) is null)
            {
                await starting.Result.DisposeAsync();
            }

            Children().Should().BeEquivalentTo(before);
        }
    });

    [Fact]
    public void Without_handles_of_processes_a_thread_waits_for_each() => RunProcesses(async () =>
    {
        ChildDevice.WithoutHandles = true;
        try
        {
            (await Subprocess.RunAsync(Sh("exit 4"))).ExitCode.Should().Be(4);
            (await Subprocess.ReadTextAsync("echo", "x")).Should().Be("x\n");
            await using var child = await Subprocess.StartAsync("sleep", "60");
            (await child.StopAsync()).Signal.Should().Be(PosixSignal.SIGTERM);
            child.Kill().Should().BeFalse();
            await Subprocess.StartDetachedAsync(new ProcessCommand("true"));
            _ = await Subprocess.StartAsync("sleep", "60");
        }
        finally
        {
            ChildDevice.WithoutHandles = false;
        }
    });

    [Fact]
    public void Virtual_time_stands_still_for_a_child_that_a_thread_waits_for() => RunProcesses(
        async () =>
        {
            ChildDevice.WithoutHandles = true;
            try
            {
                await using var child = await Subprocess.StartAsync("sleep", "0.1");
                (await Loop.WaitFor(child.WaitAsync(), TimeSpan.FromTicks(1))).ExitCode.Should().Be(0);
            }
            finally
            {
                ChildDevice.WithoutHandles = false;
            }
        },
        JumpingTime);

    [Fact]
    public void Process_lives_beside_it_and_each_has_its_own_children() => RunProcesses(async () =>
    {
        using var registration = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, static _ => { });
        var ours = Enumerable.Range(0, 20).Select(number => Loop.CreateTask(Subprocess.RunAsync(Sh($"exit {number}")))).ToArray();
        var theirs = Enumerable.Range(0, 20).Select(static number => Process.Start("/bin/sh", ["-c", $"exit {number}"])!).ToArray();
        await Loop.Gather(ours);
        await Task.WhenAll(theirs.Select(static process => process.WaitForExitAsync()));
        ours.Select(static run => run.Result.ExitCode).Should().Equal(Enumerable.Range(0, 20));
        theirs.Select(static process => process.ExitCode).Should().Equal(Enumerable.Range(0, 20));
    });

    [Fact]
    public void A_loop_that_ends_kills_the_group_too()
    {
        int grandchild = 0;
        RunProcesses(async () =>
        {
            var child = await Subprocess.StartAsync(Sh("sleep 60 & echo $!; wait") with { Output = Stdio.Pipe, Group = ProcessGroup.New });
            grandchild = int.Parse((await child.Output.ReadLineAsync())!);
        });
        SpinWait.SpinUntil(() => IsGone(grandchild), TimeSpan.FromSeconds(5)).Should().BeTrue();
        Reported.Should().ContainSingle();
    }
}
