using System.Diagnostics;
using System.Runtime.InteropServices;
using EventLoop;

namespace Processes;

/// <summary>From a signal to whoever listens on the loop, beside a bare registration's handler.</summary>
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
            long begin = Stopwatch.GetTimestamp();
            _ = kill(Environment.ProcessId, (int)Signals.SIGUSR1);
            await listener.ReceiveAsync();
            ours.Add(Stopwatch.GetElapsedTime(begin).TotalMicroseconds);
            await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            Volatile.Write(ref handled, 0);
            begin = Stopwatch.GetTimestamp();
            _ = kill(Environment.ProcessId, (int)Signals.SIGUSR2);
            while (Volatile.Read(ref handled) == 0)
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            }

            bare.Add(Stopwatch.GetElapsedTime(begin, handled).TotalMicroseconds);
        }

        report.Add("from a signal to the listener on the loop, by a bare registration's handler", Report.Median(ours) / Report.Median(bare), goal: 3);
        report.Add("    the listener", Report.Median(ours), "us");
        report.Add("    the bare handler", Report.Median(bare), "us");
    }

    [DllImport("libc")]
    private static extern int kill(int process, int signal);
}
