using EventLoop.Diagnostics;

namespace EventLoop.Tests.Processes;

/// <summary>How waits for what is outside the loop look from outside.</summary>
public sealed class ProcessWaitTests : ProcessTest
{
    [Fact]
    public void Waits_for_a_child_for_its_pipes_for_signals_and_by_mailboxes_are_of_their_kinds() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(new ProcessCommand("sleep", "60") { Output = Stdio.Pipe, Input = Stdio.Pipe });
        using var mailbox = new Mailbox<int>(1).Named("orders");
        using var full = new Mailbox<int>(1);
        full.TryPost(1);
        Dictionary<WaitKind, List<LoopTask>> waits = new()
        {
            [WaitKind.Process] =
            [
                Loop.CreateTask(child.WaitAsync()),
                Loop.CreateTask(child.Output.ReadLineAsync()),
                Loop.CreateTask(child.Input.WriteAsync(new byte[1024 * 1024])),
            ],
            [WaitKind.Other] = [Loop.CreateTask(Signals.WaitAsync(Signals.SIGUSR1, Signals.SIGUSR2))],
            [WaitKind.Channel] = [Loop.CreateTask(mailbox.ReceiveAsync()), Loop.CreateTask(full.PostAsync(2))],
        };
        await Yields(3);
        var snapshot = Loop.Current.TakeSnapshot();
        foreach (var (kind, tasks) in waits)
        {
            tasks.Select(task => snapshot.Find(task.Id)!.Waits.Single().Kind).Should().AllBeEquivalentTo(kind);
        }

        waits[WaitKind.Process][0].WaitingOn.Should().Be("child process (to end)");
        waits[WaitKind.Process][1].WaitingOn.Should().Contain($"standard output of process {child.Id}");
        waits[WaitKind.Other][0].WaitingOn.Should().Be("signal SIGUSR1 or SIGUSR2");
        waits[WaitKind.Channel].Select(static task => task.WaitingOn).Should().Equal("mailbox 'orders' (to receive)", "mailbox (to send)");
        snapshot.Find(waits[WaitKind.Channel][0].Id)!.Waits.Single().Name.Should().Be("orders");
        foreach (var task in waits.Values.SelectMany(static tasks => tasks))
        {
            task.Cancel();
            await Catch(task);
        }
    });

    [Fact]
    public void A_signal_that_has_come_before_its_handler_was_replaced_is_told_to_the_new_one() => RunProcesses(async () =>
    {
        List<string> called = [];
        var loop = Loop.Current;
        loop.AddSignalHandler(Signals.SIGUSR1, () => called.Add("old"));
        var arrived = new ManualResetEventSlim();
        using (var registration = System.Runtime.InteropServices.PosixSignalRegistration.Create((System.Runtime.InteropServices.PosixSignal)10, _ =>
            arrived.Set()))
        {
            Raise(10);
            arrived.Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();
        }

        loop.AddSignalHandler(Signals.SIGUSR1, () => called.Add("new"));
        while (called.Count == 0)
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(1));
        }

        called.Should().Equal("new");
        loop.RemoveSignalHandler(Signals.SIGUSR1);
    });

    [Fact]
    public void Two_who_receive_by_one_listener_get_a_signal_each() => RunProcesses(async () =>
    {
        using var listener = Signals.Listen(Signals.SIGUSR1, Signals.SIGUSR2);
        var first = Loop.CreateTask(listener.ReceiveAsync());
        var second = Loop.CreateTask(listener.ReceiveAsync());
        await Yields(2);
        Raise(10);
        Raise(12);
        new[] { await first, await second }.Should().BeEquivalentTo([Signals.SIGUSR1, Signals.SIGUSR2]);
    });

    private static void Raise(int signal) => kill(Environment.ProcessId, signal).Should().Be(0);

    [System.Runtime.InteropServices.DllImport("libc")]
    private static extern int kill(int process, int signal);
}
