using System.Collections.Concurrent;

namespace EventLoop.Tasks;

/// <summary>A wait of somebody outside the loop for something on it, through a <see cref="Task"/>.</summary>
internal interface IOutsideWait
{
    /// <summary>Ends it with a failure; only for whoever has taken it out of the set.</summary>
    void Fail(Exception failure);
}

/// <summary>
/// The outside waits for this loop that have no outcome yet: they fail when it closes, so that nobody waits for a dead loop. Whoever takes one out of the set
/// decides how it ends. Any thread.
/// </summary>
internal sealed class OutsideWaits
{
    private readonly ConcurrentDictionary<IOutsideWait, IOutsideWait> open = new();

    internal void Add(IOutsideWait wait) => open.TryAdd(wait, wait);

    /// <returns>The equal one that is there, if there is one.</returns>
    internal IOutsideWait AddOrFind(IOutsideWait wait) => open.GetOrAdd(wait, wait);

    /// <summary>True for one caller only.</summary>
    internal bool TryTake(IOutsideWait wait) => open.TryRemove(wait, out _);

    internal void TryFail(IOutsideWait wait, Exception failure)
    {
        if (TryTake(wait))
        {
            wait.Fail(failure);
        }
    }

    internal void FailAll(string loop)
    {
        foreach (var (wait, _) in open)
        {
            TryFail(wait, new ObjectDisposedException(loop, $"The event loop '{loop}' was closed before what was waited for on it was done."));
        }
    }
}
