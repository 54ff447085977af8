namespace EventLoop.Running;

/// <summary>Limits how long a phase of the end may take, in real time, whatever the loop's clock. One at a time for each loop.</summary>
internal sealed class ShutdownBound : IDisposable
{
    private readonly Loop loop;
    private readonly Timer timer;
    private TimeSpan limit;       // guarded by this, as is the next one
    private bool isDisposed;

    internal ShutdownBound(Loop loop)
    {
        this.loop = loop;
        loop.Shutdown.BeginPhase();
        limit = loop.Options.ShutdownTimeout;
        timer = new Timer(static bound => ((ShutdownBound)bound!).OnTime(), this, limit, Timeout.InfiniteTimeSpan);
        Interlocked.MemoryBarrier();      // see LeaveNoTime, whose RunOut the line above may have undone
        if (loop.Shutdown.HasNoTime)
        {
            Shorten(LoopShutdown.LastTurns);
        }
        else if (loop.Shutdown.IsHurried)
        {
            Shorten();
        }
    }

    /// <summary>Leaves only a moment from now on.</summary>
    internal void Shorten() => Shorten(LoopShutdown.HurriedEnd);

    public void Dispose()
    {
        timer.Dispose();
        lock (this)
        {
            isDisposed = true;
        }
    }

    private void Shorten(TimeSpan moment)
    {
        lock (this)
        {
            if (limit > moment || limit == Timeout.InfiniteTimeSpan)
            {
                limit = moment;
                timer.Change(moment, Timeout.InfiniteTimeSpan);
            }
        }
    }

    // On a thread of the pool, possibly late.
    private void OnTime()
    {
        lock (this)
        {
            if (!isDisposed)
            {
                loop.Shutdown.RunOut(limit);
            }
        }
    }
}
