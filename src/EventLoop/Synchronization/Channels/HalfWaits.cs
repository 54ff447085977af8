namespace EventLoop.Synchronization.Channels;

/// <summary>A wait by one half of a channel, linked to the others of that half.</summary>
internal interface IHalfWait<TWait>
{
    TWait? Earlier { get; set; }

    TWait? Later { get; set; }
}

/// <summary>
/// The waits of one half of a channel beyond its own, from their beginning to the end of their await: so that closing a half looks at what waits by it, and
/// not at everybody in the line. Linked through themselves. Loop thread only.
/// </summary>
internal struct HalfWaits<TWait>
    where TWait : PooledWait, IHalfWait<TWait>
{
    private TWait? first;
    private TWait? last;

    internal void Add(TWait wait)
    {
        wait.Earlier = last;
        if (last is null)
        {
            first = wait;
        }
        else
        {
            last.Later = wait;
        }

        last = wait;
    }

    /// <summary>Does nothing if it never waited.</summary>
    internal void Remove(TWait wait)
    {
        if (wait.Earlier is { } earlier)
        {
            earlier.Later = wait.Later;
        }
        else if (ReferenceEquals(first, wait))
        {
            first = wait.Later;
        }
        else
        {
            return;
        }

        if (wait.Later is { } later)
        {
            later.Earlier = wait.Earlier;
        }
        else
        {
            last = wait.Earlier;
        }

        wait.Earlier = null;
        wait.Later = null;
    }

    /// <summary>Fails those that still wait.</summary>
    internal readonly void TurnAway(string half)
    {
        for (var wait = first; wait is not null; wait = wait.Later)
        {
            wait.TurnAway(half);
        }
    }
}
