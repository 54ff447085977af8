namespace EventLoop.Synchronization.Channels;

/// <summary>A wait by one half of a channel, linked to the other waits of that half.</summary>
internal interface IHalfWait<TWait>
{
    TWait? Earlier { get; set; }

    TWait? Later { get; set; }
}

/// <summary>
/// The waits of one half of a channel, except the one that it keeps for itself, from their beginning to the end of their await; so closing a half looks only
/// at its own waits, and not at everybody in the line. An intrusive list. Loop thread only.
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

    /// <summary>Removes a wait; does nothing if it never waited.</summary>
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

    /// <summary>Fails those that are still waiting.</summary>
    internal readonly void TurnAway(string half)
    {
        for (var wait = first; wait is not null; wait = wait.Later)
        {
            wait.TurnAway(half);
        }
    }
}
