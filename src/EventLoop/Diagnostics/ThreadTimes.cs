using System.Globalization;

namespace EventLoop.Diagnostics;

/// <summary>Where the time of a thread has gone, up to a moment.</summary>
/// <param name="Processor">On a core; null where the system does not tell.</param>
/// <param name="Waited">In the queue for one; null where the system does not tell.</param>
/// <param name="Collector">All of the process stood still for it.</param>
internal readonly record struct ThreadTimes(TimeSpan? Processor, TimeSpan? Waited, TimeSpan Collector)
{
    /// <summary>How long the thread was on a core, or waited for one.</summary>
    internal TimeSpan? BusySince(ThreadTimes before) => Processor - before.Processor + (Waited - before.Waited);

    /// <param name="thread">The system's number; zero: not known.</param>
    internal static ThreadTimes Of(int thread) => thread == 0 ? ReadFrom(null)
        : ReadFrom(string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{thread}/schedstat"));

    /// <summary>Of the calling thread.</summary>
    internal static ThreadTimes OfThis() => ReadFrom("/proc/thread-self/schedstat");

    private static ThreadTimes ReadFrom(string? path)
    {
        var collector = GC.GetTotalPauseDuration();
        if (path is not null && OperatingSystem.IsLinux())
        {
            try
            {
                // Nanoseconds on a core, nanoseconds in its queue, time slices.
                string[] numbers = File.ReadAllText(path).Split(' ');
                return new ThreadTimes(Nanoseconds(numbers[0]), Nanoseconds(numbers[1]), collector);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
            {
                // A kernel without it, or the thread has ended.
            }
        }

        return new ThreadTimes(null, null, collector);
    }

    private static TimeSpan Nanoseconds(string number) => TimeSpan.FromTicks(long.Parse(number, CultureInfo.InvariantCulture) / 100);
}
