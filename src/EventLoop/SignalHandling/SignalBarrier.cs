using System.Diagnostics;
using System.Runtime.InteropServices;
using EventLoop.Native;

namespace EventLoop.SignalHandling;

/// <summary>
/// Waits until .NET has looked at the signals that have come so far. It hears of them by a pipe and then asks who listens: one that came while somebody did,
/// and is looked at when nobody does any more, would end the process. So a signal that means nothing to anybody (SIGURG) is sent behind them.
/// </summary>
internal static class SignalBarrier
{
    private const int Urgent = 23;
    private const int PatienceMilliseconds = 100;      // .NET looks at once, but tells by the thread pool, which may be busy

    private static readonly Lock Gate = new();         // held while one waits
    private static PosixSignalRegistration? registration;
    private static volatile bool passed;

    /// <summary>Ends registrations; signals that had come by then are theirs, and end nobody. Any thread; takes some 100 microseconds.</summary>
    internal static void End(params ReadOnlySpan<PosixSignalRegistration?> registrations)
    {
        if (OperatingSystem.IsLinux())
        {
            Pass();
        }

        foreach (var registration in registrations)
        {
            registration?.Dispose();
        }
    }

    private static void Pass()
    {
        lock (Gate)
        {
            registration ??= PosixSignalRegistration.Create((PosixSignal)Urgent, static context =>
            {
                context.Cancel = true;
                passed = true;
            });
            passed = false;
            _ = Libc.Raise(Urgent);      // this thread takes whatever waits for any thread before it
            long begun = Stopwatch.GetTimestamp();
            var spinner = default(SpinWait);
            while (!passed && Stopwatch.GetElapsedTime(begun).TotalMilliseconds < PatienceMilliseconds)
            {
                spinner.SpinOnce(sleep1Threshold: -1);
            }
        }
    }
}
