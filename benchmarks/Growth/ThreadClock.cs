using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EventLoop.Benchmarks.Growth;

/// <summary>The processor time that this thread has used, which a busy machine does not lengthen; where
/// it cannot be had, the time of the clock on the wall.</summary>
public static partial class ThreadClock
{
    /// <summary>Whether it is processor time.</summary>
    public static bool IsExact => OperatingSystem.IsLinux();

    /// <summary>How long it takes, in milliseconds.</summary>
    public static double Time(Action work)
    {
        double start = Now();
        work();
        return Now() - start;
    }

    /// <summary>In milliseconds, from some moment on.</summary>
    public static double Now()
    {
        const int threadClock = 3;
        return !IsExact ? Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency
            : GetTime(threadClock, out TimeSpec now) == 0 ? now.Seconds * 1e3 + now.Nanoseconds / 1e6
            : throw new InvalidOperationException("The clock of the thread cannot be read.");
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpec time);

    private readonly struct TimeSpec
    {
        internal readonly nint Seconds;
        internal readonly nint Nanoseconds;
    }
}
