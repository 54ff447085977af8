namespace EventLoop.Scheduling;

/// <summary>Limits times to those that .NET's own waits and timers accept: <c>Task.Wait</c>, <c>Task.WaitAsync</c>, <see cref="Timer"/>. The loop's own accept
/// any.</summary>
internal static class SystemWait
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <summary>The time itself; infinite, if it is more than about 24 days. A negative one is left to be refused.</summary>
    internal static TimeSpan Limit(TimeSpan time) => time > Longest ? Timeout.InfiniteTimeSpan : time;

    /// <summary>The same of a time, zero or more, and what is added to it; of an infinite one, infinite.</summary>
    internal static TimeSpan Limit(TimeSpan time, TimeSpan margin) =>
        time == Timeout.InfiniteTimeSpan || time > Longest - margin ? Timeout.InfiniteTimeSpan : time + margin;
}
