using System.Diagnostics;
using System.Runtime.InteropServices;
using EventLoop.Native;

namespace EventLoop.SignalHandling;

/// <summary>
/// Waits until .NET has processed the signals that have arrived so far. It reads them from a pipe and then asks who listens: a signal that arrived while
/// somebody did, and is processed when nobody does any more, would end the process. So a harmless signal (SIGURG) is sent after them.
/// </summary>
internal static class SignalBarrier
{
    internal const int Urgent = 23;

    // .NET reads at once, but reports on the thread pool, which may take a while on a busy machine; if all its threads are blocked, it adds one
    // within a second.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private const int Spins = 1000;      // each yields the processor; then it sleeps a millisecond at a time

    private static readonly Lock Gate = new();         // held while one waits
    private static PosixSignalRegistration? registration;
    private static volatile bool passed;

    /// <summary>Ends registrations; signals that had arrived by then are delivered to them, and do not end the process. Any thread; takes about 100
    /// microseconds, and more where the thread pool is busy.</summary>
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
            _ = Libc.Raise(Urgent);      // this thread first handles whatever is pending for any thread
            long begun = Stopwatch.GetTimestamp();
            var spinner = default(SpinWait);
            while (!passed && Stopwatch.GetElapsedTime(begun) < Patience)
            {
                spinner.SpinOnce(sleep1Threshold: Spins);
            }
        }
    }
}
