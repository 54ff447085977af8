using System.Runtime.InteropServices;
using EventLoop.SignalHandling;
using EventLoop.Tests.Processes;
using static EventLoop.Tests.Processes.SubprocessTests;

namespace EventLoop.Tests.SignalHandling;

public sealed class SignalListenerTests : ProcessTest
{
    private static void Send(PosixSignal signal) => kill(Environment.ProcessId, SignalNumbers.Of(signal)).Should().Be(0);

    [DllImport("libc")]
    private static extern int kill(int process, int signal);

    [Fact]
    public void A_signal_that_is_waited_for_comes_by_its_name() => RunProcesses(async () =>
    {
        var waiting = Loop.CreateTask(Signals.WaitAsync(Signals.SIGUSR1, PosixSignal.SIGWINCH));
        await Yields(2);
        Send(PosixSignal.SIGWINCH);
        (await waiting).Should().Be(PosixSignal.SIGWINCH);
    });

    [Fact]
    public void A_listener_gets_them_one_after_the_other_and_the_end_of_the_loop_over_it_disposes_it() => RunProcesses(async () =>
    {
        var listener = Signals.Listen(Signals.SIGUSR1, Signals.SIGUSR2, (PosixSignal)28);
        Send(Signals.SIGUSR1);
        await foreach (var signal in listener)
        {
            Log.Add(Signals.NameOf(signal));
            if (signal == Signals.SIGUSR1)
            {
                Send(Signals.SIGUSR2);
            }
            else if (signal == Signals.SIGUSR2)
            {
                Send(PosixSignal.SIGWINCH);
            }
            else
            {
                break;
            }
        }

        Log.Should().Equal("SIGUSR1", "SIGUSR2", "SIGWINCH");
        await Failure<ObjectDisposedException>(async () => await listener.ReceiveAsync());
    });

    [Fact]
    public void A_slow_listener_finds_each_signal_once() => RunProcesses(async () =>
    {
        using var listener = Signals.Listen(Signals.SIGUSR1);
        using var other = Signals.Listen(Signals.SIGUSR1);
        for (int i = 0; i < 20; i++)
        {
            Send(Signals.SIGUSR1);
        }

        (await listener.ReceiveAsync()).Should().Be(Signals.SIGUSR1);
        (await other.ReceiveAsync()).Should().Be(Signals.SIGUSR1, "each listener gets it");
    });

    [Fact]
    public void A_cancelled_wait_has_taken_nothing() => RunProcesses(async () =>
    {
        using var listener = Signals.Listen(Signals.SIGUSR1);
        var waiting = Loop.CreateTask(listener.ReceiveAsync());
        await Yields(2);
        waiting.Cancel();
        (await Catch(waiting)).Should().BeOfType<LoopCanceledException>();
        Send(Signals.SIGUSR1);
        (await listener.ReceiveAsync()).Should().Be(Signals.SIGUSR1);
    });

    [Fact]
    public void A_handler_is_called_on_the_loop_and_replaces_the_one_before() => RunProcesses(async () =>
    {
        var loop = Loop.Current;
        var called = loop.CreateFuture();
        loop.AddSignalHandler(Signals.SIGUSR1, () => Log.Add("first"));
        loop.AddSignalHandler(Signals.SIGUSR1, () =>
        {
            Log.Add(loop.IsInLoopThread ? "second" : "elsewhere");
            called.TrySetResult();
        });
        Send(Signals.SIGUSR1);
        await called;
        Log.Should().Equal("second");
        loop.RemoveSignalHandler(Signals.SIGUSR1).Should().BeTrue();
        loop.RemoveSignalHandler(Signals.SIGUSR1).Should().BeFalse();
        loop.RemoveSignalHandler(Signals.SIGKILL).Should().BeFalse();
    });

    [Fact]
    public void What_a_handler_throws_goes_to_the_exception_handler() => RunProcesses(async () =>
    {
        var loop = Loop.Current;
        var called = loop.CreateFuture();
        loop.AddSignalHandler(Signals.SIGUSR1, () =>
        {
            called.TrySetResult();
            throw new InvalidOperationException("by the handler");
        });
        Send(Signals.SIGUSR1);
        await called;
        await Yields(1);
        Reported.Should().ContainSingle().Which.Exception!.Message.Should().Be("by the handler");
    });

    [Fact]
    public void The_end_of_the_loop_takes_its_handlers_and_listeners_away()
    {
        RunProcesses(async () =>
        {
            Loop.Current.AddSignalHandler(PosixSignal.SIGWINCH, () => Log.Add("handled"));
            _ = Signals.Listen(PosixSignal.SIGWINCH);
            await Yields(1);
        });
        EventLoop.SignalHandling.SignalHub.IsHeard(PosixSignal.SIGWINCH).Should().BeFalse();
        Send(PosixSignal.SIGWINCH);
        Log.Should().BeEmpty();
    }

    [Fact]
    public void Who_listens_to_SIGTERM_takes_it_over_from_the_run() => RunProcesses(
        async () =>
        {
            using (var listener = Signals.Listen(PosixSignal.SIGTERM))
            {
                for (int i = 0; i < 3; i++)
                {
                    Send(PosixSignal.SIGTERM);
                    (await listener.ReceiveAsync()).Should().Be(PosixSignal.SIGTERM);
                }
            }

            Loop.CurrentTask!.CancelRequests.Should().Be(0);
        },
        Options with { HandleInterrupt = true });

    [Fact]
    public void Two_loops_hear_the_same_signal() => RunProcesses(async () =>
    {
        using var here = Signals.Listen(Signals.SIGUSR2);
        var listens = new TaskCompletionSource();
        var other = Task.Factory.StartNew(
            () => Loop.Run(async Coroutine<PosixSignal> () =>
            {
                using var there = Signals.Listen(Signals.SIGUSR2);
                listens.SetResult();
                return await there.ReceiveAsync();
            }),
            TaskCreationOptions.LongRunning);
        await listens.Task;
        Send(Signals.SIGUSR2);
        (await here.ReceiveAsync()).Should().Be(Signals.SIGUSR2);
        (await other).Should().Be(Signals.SIGUSR2);
    });

    [Theory]
    [InlineData(9), InlineData(19), InlineData(11), InlineData(34)]
    [InlineData(23)]
    public void What_cannot_be_caught_is_refused(int number) => RunProcesses(async () =>
    {
        await Yields(1);
        var listening = () => Signals.Listen((PosixSignal)number);
        listening.Should().ThrowExactly<ArgumentException>();
        var handling = () => Loop.Current.AddSignalHandler((PosixSignal)number, () => { });
        handling.Should().ThrowExactly<ArgumentException>();
        Loop.Current.RemoveSignalHandler((PosixSignal)number).Should().BeFalse();
    });

    [Theory]
    [InlineData(0), InlineData(65), InlineData(-11)]
    public void What_is_no_signal_is_refused(int number) => RunProcesses(async () =>
    {
        await Yields(1);
        var listening = () => Signals.Listen((PosixSignal)number);
        listening.Should().Throw<ArgumentOutOfRangeException>();
        var removing = () => Loop.Current.RemoveSignalHandler((PosixSignal)number);
        removing.Should().Throw<ArgumentOutOfRangeException>();
        var naming = () => Signals.NameOf((PosixSignal)number);
        naming.Should().Throw<ArgumentOutOfRangeException>();
    });

    [Fact]
    public void Signals_have_their_names()
    {
        Signals.NameOf(PosixSignal.SIGTERM).Should().Be("SIGTERM");
        Signals.NameOf((PosixSignal)15).Should().Be("SIGTERM");
        Signals.NameOf(Signals.SIGUSR2).Should().Be("SIGUSR2");
        Signals.NameOf(Signals.SIGSTOP).Should().Be("SIGSTOP");
    }
}
