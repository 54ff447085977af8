using System.Runtime.InteropServices;

namespace EventLoop.Tests.Processes;

/// <summary>Children at a terminal. Those of job control run in a worker, which leads a session of its own and takes the terminal.</summary>
public sealed class TerminalTests : ProcessTest
{
    private static readonly ProcessExecutorOptions One = new() { Workers = 1 };
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    [Fact]
    public void A_terminal_that_nobody_has_open_any_more_ends_like_a_pipe() => RunProcesses(async () =>
    {
        using var terminal = Terminal.Open();
        await using var outside = new ReceivePipe(terminal.Outside);
        await Subprocess.RunAsync(Sh("echo one; echo two") with { Output = Stdio.Handle(terminal.Inside) });
        terminal.Inside.Dispose();
        (await outside.ReadLineAsync()).Should().Be("one");
        (await outside.ReadLineAsync()).Should().Be("two");
        (await outside.ReadLineAsync()).Should().BeNull("the system says EIO");
    });

    [Fact]
    public void A_child_in_the_background_that_reads_the_terminal_is_stopped_and_a_stop_ends_it() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        (await pool.Run(static () => AtTerminal(static async Coroutine<PosixSignal?> (terminal) =>
        {
            await using var child = await Subprocess.StartAsync(new ProcessCommand("cat")
                { Input = Stdio.Handle(terminal.Inside), Output = Stdio.Null, Group = ProcessGroup.New });
            await UntilStopped(child);
            return (await child.StopAsync(Long)).Signal;
        }))).Should().Be(PosixSignal.SIGTERM, "it continues, and finds the signal");
    });

    [Fact]
    public void A_child_in_the_background_is_stopped_by_tostop_when_it_writes_and_one_of_a_session_of_its_own_is_not() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        (await pool.Run(static () => AtTerminal(static async Coroutine<string> (terminal) =>
        {
            await StopWhoWrites(terminal);
            var write = Sh("echo written") with { Output = Stdio.Handle(terminal.Inside), Group = ProcessGroup.New };
            await using var child = await Subprocess.StartAsync(write);
            await UntilStopped(child);
            await child.StopAsync(Long);
            await Subprocess.RunAsync(write with { Group = ProcessGroup.NewSession });
            return terminal.ReadLine();
        }))).Should().Be("written");
    });

    [Fact]
    public void Workers_are_stopped_by_no_terminal_and_are_not_reached_by_its_Ctrl_C() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(One);
        (await pool.Run(static () => AtTerminal(static async Coroutine<(bool, PosixSignal, bool)> (terminal) =>
        {
            await StopWhoWrites(terminal);
            terminal.BecomeOutput();
            await using var workers = new ProcessExecutor(One);
            int first = await workers.Run(static () =>
            {
                Console.Out.WriteLine("by a worker");
                return Environment.ProcessId;
            });
            using var listener = Signals.Listen(PosixSignal.SIGINT);
            terminal.Type(3);
            var signal = await listener.ReceiveAsync();
            return (terminal.ReadLine().EndsWith("by a worker", StringComparison.Ordinal), signal, await workers.Run(static () => Environment.ProcessId) == first);
        }))).Should().Be((true, PosixSignal.SIGINT, true));
    });

    private static T AtTerminal<T>(Func<Terminal, Coroutine<T>> body)
    {
        var terminal = Terminal.Take();
        return Loop.Run(async Coroutine<T> () => await body(terminal), new LoopOptions { HandleInterrupt = false });
    }

    private static async Coroutine StopWhoWrites(Terminal terminal) =>
        await Subprocess.RunAsync(new ProcessCommand("stty", "tostop") { Input = Stdio.Handle(terminal.Inside) }, check: true);

    private static async Coroutine UntilStopped(Subprocess child)
    {
        while (StateOf(child.Id)?.State != 'T')
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(2));
        }
    }
}
