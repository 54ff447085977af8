using EventLoop.Scheduling;

namespace EventLoop.Synchronization.Channels;

/// <summary>
/// The waits of one half of a channel, except the one that it keeps for itself, from their beginning to the end of their await; so closing a half looks only
/// at its own waits, and not at everybody in the line. Loop thread only.
/// </summary>
internal struct HalfWaits<TWait>
    where TWait : PooledWait, IListNode<TWait>
{
    private IntrusiveList<TWait> waits;

    internal void Add(TWait wait) => waits.Add(wait);

    /// <summary>Removes a wait; does nothing if it never waited.</summary>
    internal void Remove(TWait wait) => waits.Remove(wait);

    /// <summary>Fails those that are still waiting.</summary>
    internal readonly void TurnAway(string half)
    {
        for (var wait = waits.First; wait is not null; wait = ((IListNode<TWait>)wait).Following)
        {
            wait.TurnAway(half);
        }
    }
}
