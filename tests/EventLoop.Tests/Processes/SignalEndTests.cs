using System.Runtime.InteropServices;

namespace EventLoop.Tests.Processes;

/// <summary>What becomes of signals when nobody listens any more; in a process that may end by one.</summary>
public sealed class SignalEndTests : ProcessTest
{
    [Fact]
    public void Signals_that_came_while_somebody_listened_do_not_end_the_process_afterwards() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        (await pool.Run(ListenInAHail, 50)).Should().Be(50);
    });

    [Fact]
    public void With_the_last_listener_the_default_action_is_back() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        var running = Loop.CreateTask(pool.Run(static times =>
        {
            int heard = ListenInAHail(times);
            Raise();
            Thread.Sleep(Timeout.Infinite);
            return heard;
        }, 3));
        (await Catch(running)).Should().BeOfType<WorkerCrashedException>().Which.ExitStatus.Signal.Should().Be(Signals.SIGUSR1);
    });

    private static int ListenInAHail(int times) => Loop.Run(async Coroutine<int> () =>
    {
        int heard = 0;
        for (int i = 0; i < times; i++)
        {
            using var listener = Signals.Listen(Signals.SIGUSR1);
            for (int j = 0; j < 20; j++)
            {
                Raise();
            }

            heard += await listener.ReceiveAsync() == Signals.SIGUSR1 ? 1 : 0;
        }

        return heard;
    });

    private static void Raise() => kill(Environment.ProcessId, 10).Should().Be(0);

    [DllImport("libc")]
    private static extern int kill(int process, int signal);
}
