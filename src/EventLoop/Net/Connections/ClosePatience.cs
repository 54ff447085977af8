namespace EventLoop.Net.Connections;

/// <summary>How long a close waits for its peer: as long as that takes something within each period, so that a slow one gets everything, and one that has
/// stopped does not hold a connection for ever. Loop thread only.</summary>
internal sealed class ClosePatience
{
    private const int LooksInPeriod = 10;

    private readonly TimeSpan period;
    private readonly Func<long> left;
    private long lastLeft;
    private TimeSpan movedAt;

    /// <param name="period">For what moves nothing.</param>
    /// <param name="left">How many bytes the peer's system does not have yet.</param>
    internal ClosePatience(TimeSpan period, Func<long> left)
    {
        this.period = period;
        this.left = left;
        lastLeft = left();
        movedAt = Loop.Current.Time;
    }

    /// <summary>Whether nothing has moved for a period. To be asked several times in each.</summary>
    internal bool IsOver
    {
        get
        {
            long now = left();
            var time = Loop.Current.Time;
            if (now != lastLeft)
            {
                lastLeft = now;
                movedAt = time;
            }

            return time - movedAt >= period;
        }
    }

    /// <summary>Waits for what ends when the peer has taken enough; it is begun anew several times in a period.</summary>
    /// <exception cref="TimeoutException">The patience is over.</exception>
    internal async Coroutine WaitFor(Func<Coroutine> what)
    {
        while (true)
        {
            try
            {
                await Loop.WaitFor(what(), period / LooksInPeriod);
                return;
            }
            catch (TimeoutException) when (!IsOver)
            {
            }
        }
    }
}
