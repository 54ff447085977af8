using System.Diagnostics;

namespace EventLoop.Diagnostics;

/// <summary>
/// Notices steps that take too long: one thread for all loops that have a limit, which checks how many steps each has taken. The loop contains no code for it,
/// except that it says when it did not look at the clock for long. By the system's time, whatever a loop's clock.
/// </summary>
internal static class StallWatch
{
    private const double ShortestPeriod = 5;       // milliseconds
    private const double LongestPeriod = 1000;

    private static readonly Lock Gate = new();      // limits are set on any thread
    private static readonly List<WatchedLoop> Loops = [];
    private static readonly AutoResetEvent Changed = new(false);
    private static bool watching;

    internal static WatchedLoop Add(Loop loop, TimeSpan limit)
    {
        var watched = new WatchedLoop(loop, limit);
        lock (Gate)
        {
            Loops.Add(watched);
            if (watching)
            {
                Changed.Set();
                return watched;
            }

            watching = true;
        }

        new Thread(Watch) { IsBackground = true, Name = "EventLoop stall watch" }.UnsafeStart();
        return watched;
    }

    internal static void Remove(WatchedLoop watched)
    {
        lock (Gate)
        {
            Loops.Remove(watched);
            Changed.Set();
        }

        watched.Leave();
    }

    /// <summary>Called when a loop was closed: what it has done is looked at once more.</summary>
    internal static void OnClosed() => Changed.Set();

    private static void Watch()
    {
        var times = ThreadTimes.OfThis();
        long then = Stopwatch.GetTimestamp();
        var looked = TimeSpan.Zero;
        while (NextPeriod() is { } period)
        {
            Changed.WaitOne(period);
            var timesNow = ThreadTimes.OfThis();
            long now = Stopwatch.GetTimestamp();
            var whole = Stopwatch.GetElapsedTime(then, now);
            var known = Known(whole, period + looked, times, timesNow);
            (then, times) = (now, timesNow);
            foreach (var one in All())
            {
                one.Look(known, whole);
            }

            looked = Stopwatch.GetElapsedTime(now);      // with all that listeners did
        }
    }

    /// <summary>For how long of the time since the previous check it is known that the loops could run. If this thread was late because it waited for a core,
    /// or for the collector, they could; if the machine was suspended, nobody knows what they did meanwhile.</summary>
    internal static TimeSpan Known(TimeSpan whole, TimeSpan expected, ThreadTimes before, ThreadTimes now)
    {
        var most = now.BusySince(before) is { } busy ? (2 * expected) + busy + (now.Collector - before.Collector)
            : (2 * expected) + TimeSpan.FromMilliseconds(50);
        return whole < most ? whole : most;
    }

    // Those that were closed for the last time.
    private static WatchedLoop[] All()
    {
        lock (Gate)
        {
            WatchedLoop[] all = [.. Loops];
            Loops.RemoveAll(static one => one.IsGone);
            return all;
        }
    }

    private static TimeSpan? NextPeriod()
    {
        lock (Gate)
        {
            watching = Loops.Count > 0;
            return watching ? TimeSpan.FromMilliseconds(Math.Clamp(Loops.Min(static one => one.Limit.TotalMilliseconds) / 4, ShortestPeriod, LongestPeriod))
                : null;
        }
    }
}
