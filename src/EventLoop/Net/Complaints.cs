namespace EventLoop.Net;

/// <summary>Which of the failures of a listener are reported: one from time to time, because they come by the thousand. Loop thread only.</summary>
internal sealed class Complaints
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(30);

    private TimeSpan? last;
    private long waiting;       // failures since the last report

    /// <summary>Counts a failure.</summary>
    /// <param name="now">The loop's time.</param>
    /// <param name="untold">How many failures were not reported since the last report.</param>
    /// <returns>Whether this one is reported.</returns>
    internal bool IsDue(TimeSpan now, out long untold)
    {
        untold = waiting;
        if (last is { } before && now - before < Delay)
        {
            waiting++;
            return false;
        }

        last = now;
        waiting = 0;
        return true;
    }
}
