using System.Diagnostics;
using System.Runtime.InteropServices;
using EventLoop;

namespace Processes;

/// <summary>From a signal to whoever listens on the loop, beside a bare registration's handler, one after the other and in turns.</summary>
internal static class SignalTimes
{
    public static async Coroutine Run(Report report)
    {
        int count = report.IsQuick ? 100 : 300;
        List<double> ours = [], bare = [];
        long handled = 0;
        using var registration = PosixSignalRegistration.Create(Signals.SIGUSR2, context =>
        {
            context.Cancel = true;
            Volatile.Write(ref handled, Stopwatch.GetTimestamp());
        });
        using var listener = Signals.Listen(Signals.SIGUSR1);
        for (int i = 0; i < count; i++)
        {
            bool isOursFirst = i % 2 == 0;
            (isOursFirst ? ours : bare).Add(await (isOursFirst ? Listened() : Handled()));
            await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            (isOursFirst ? bare : ours).Add(await (isOursFirst ? Handled() : Listened()));
            await Loop.Sleep(TimeSpan.FromMilliseconds(1));
        }

        report.Add("from a signal to the listener on the loop, by a bare registration's handler",
            Report.Median(ours.Zip(bare, static (listened, handled) => listened / handled)), goal: 3);
        report.Add("    the listener", Report.Median(ours), "us");
        report.Add("    the bare handler", Report.Median(bare), "us");

        async Coroutine<double> Listened()
        {
            long begin = Stopwatch.GetTimestamp();
            _ = kill(Environment.ProcessId, (int)Signals.SIGUSR1);
            await listener.ReceiveAsync();
            return Stopwatch.GetElapsedTime(begin).TotalMicroseconds;
        }

        async Coroutine<double> Handled()
        {
            Volatile.Write(ref handled, 0);
            long begin = Stopwatch.GetTimestamp();
            _ = kill(Environment.ProcessId, (int)Signals.SIGUSR2);
            while (Volatile.Read(ref handled) == 0)
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            }

            return Stopwatch.GetElapsedTime(begin, handled).TotalMicroseconds;
        }
    }

    [DllImport("libc")]
    private static extern int kill(int process, int signal);
}
