using System.Diagnostics;
using static EventLoop.Tests.Processes.SubprocessTests;

namespace EventLoop.Tests.Processes;

public sealed class GuardTests : ProcessTest
{
    private static int Guard => ChildrenOf(Environment.ProcessId).FirstOrDefault(static id => CommandOf(id).Contains("group_"));

    [Fact]
    public void A_guarded_child_runs_in_a_group_of_its_own_and_can_be_stopped() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(new ProcessCommand("sleep", "60") { KillOnParentExit = true });
        StateOf(child.Id)!.Value.Group.Should().Be(child.Id);
        (await child.StopAsync()).Signal.Should().Be(System.Runtime.InteropServices.PosixSignal.SIGTERM);
    });

    [Fact]
    public void A_guard_that_is_killed_is_started_again() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(new ProcessCommand("sleep", "60") { KillOnParentExit = true });
        int guard = Guard;
        guard.Should().BeGreaterThan(1, "0 would be this process's own group");
        Process.GetProcessById(guard).Kill();
        while (Guard == guard || Guard == 0)
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(5));
        }
    });

    [Fact]
    public void The_guard_forgets_whose_start_came_back_to_a_loop_that_is_closed()
    {
        for (int i = 0; i < 5; i++)
        {
            RunLoop(
                async () =>
                {
                    Loop.StartSoon(async Coroutine () => await Subprocess.StartAsync(new ProcessCommand("sleep", "60") { KillOnParentExit = true }));
                    await Yields(2);
                },
                Options with { ShutdownTimeout = TimeSpan.Zero });
            RunProcesses(async () => await Subprocess.RunAsync("true"));      // starts are made one after the other: those before have come back
        }

        var groups = (HashSet<int>)typeof(Loop).Assembly.GetType("EventLoop.Processes.ProcessGroupGuard")!
            .GetField("Groups", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.GetValue(null)!;
        SpinWait.SpinUntil(() => groups.Count == 0, TimeSpan.FromSeconds(5)).Should().BeTrue("a number that it kept would be another's one day");
    }

    [Fact]
    public void What_kills_a_parent_without_notice_leaves_none_of_its_guarded_children_and_grandchildren() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        List<int> left = [];
        var parent = Loop.CreateTask(pool.Run(StartGuarded, 0, (int id) => left.Add(id)));
        while (left.Count < 3)
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(5));
        }

        left.Should().OnlyContain(static id => !IsGone(id));
        pool.KillWorkers();
        (await Catch(parent)).Should().BeOfType<WorkerCrashedException>().Which.ExitStatus.Signal.Should().Be(Signals.SIGKILL);
        foreach (int id in left)
        {
            await UntilGone(id);
        }
    });

    // In a worker, which is the parent: a child, one that heeds nothing but SIGKILL, and what that has started.
    private static int StartGuarded(int nothing, WorkerContext<int> worker)
    {
        Loop.Run(async Coroutine () =>
        {
            var child = await Subprocess.StartAsync(new ProcessCommand("sleep", "600") { KillOnParentExit = true });
            var deaf = await Subprocess.StartAsync(
                Sh("trap '' TERM HUP INT; sleep 600 & echo $!; wait") with { Output = Stdio.Pipe, KillOnParentExit = true });
            worker.Report(int.Parse((await deaf.Output.ReadLineAsync())!));
            worker.Report(deaf.Id);
            worker.Report(child.Id);
            await child.WaitAsync();
        });
        return nothing;
    }

    [Fact]
    public void What_kills_the_guard_and_then_the_parent_leaves_nothing_either() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        List<int> told = [];
        var parent = Loop.CreateTask(pool.Run(LoseTheGuard, 0, (int id) => told.Add(id)));
        while (told is not [.., 0])
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(5));
        }

        told.RemoveAt(told.Count - 1);
        told.Should().HaveCount(2).And.OnlyContain(static id => !IsGone(id));
        pool.KillWorkers();
        await Failure<WorkerCrashedException>(async () => await parent);
        foreach (int id in told)
        {
            await UntilGone(id);
        }
    });

    // In a worker, which is the parent: a child before the guard is killed and one afterwards. Starts are made one after the other, and the second one by the
    // next guard, so that knows both.
    private static int LoseTheGuard(int nothing, WorkerContext<int> worker)
    {
        Loop.Run(async Coroutine () =>
        {
            var command = new ProcessCommand("sleep", "600") { KillOnParentExit = true };
            worker.Report((await Subprocess.StartAsync(command)).Id);
            int guard = Guard;
            Process.GetProcessById(guard).Kill();
            while (Guard == guard || Guard == 0)
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(5));
            }

            var second = await Subprocess.StartAsync(command);
            worker.Report(second.Id);
            worker.Report(nothing);
            await second.WaitAsync();
        });
        return nothing;
    }

    [Fact]
    public void What_the_guard_knows_dies_when_its_pipe_ends()
    {
        // The guard's own script, with a pipe of this test's: its end is that of the process that holds it.
        string script = (string)typeof(Loop).Assembly.GetType("EventLoop.Processes.ProcessGroupGuard")!
            .GetField("Script", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.GetRawConstantValue()!;
        using var deaf = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", "trap '' TERM HUP; sleep 60 & wait"]))!;
        using var spared = Process.Start(new ProcessStartInfo("setsid", ["sleep", "60"]))!;
        using var guard = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { RedirectStandardInput = true })!;
        SpinWait.SpinUntil(() => StateOf(deaf.Id)?.Group == deaf.Id && StateOf(spared.Id)?.Group == spared.Id, TimeSpan.FromSeconds(10)).Should().BeTrue();
        guard.StandardInput.Write($"+{deaf.Id}\n+{spared.Id}\n-{spared.Id}\n");
        guard.StandardInput.Close();
        deaf.WaitForExit(TimeSpan.FromSeconds(10)).Should().BeTrue();
        guard.WaitForExit(TimeSpan.FromSeconds(10)).Should().BeTrue();
        spared.HasExited.Should().BeFalse();
        spared.Kill();
        spared.WaitForExit(TimeSpan.FromSeconds(10)).Should().BeTrue();
    }
}
