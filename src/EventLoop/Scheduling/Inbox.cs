namespace EventLoop.Scheduling;

/// <summary>
/// What other threads hand to the loop: a lock-free stack that the loop takes as a whole and reverses, which makes it first in, first out. Any thread may
/// push; the loop thread takes. After <see cref="Close"/> every push is refused.
/// </summary>
internal sealed class Inbox
{
    private static readonly LoopItem Closed = new ClosedMark();

    private LoopItem? head;    // any thread, by compare-exchange

    internal bool IsEmpty => Volatile.Read(ref head) is null;

    /// <summary>False if the loop is closed. The exchange is a full fence: what was written before it is visible to whoever takes the item.</summary>
    internal bool TryPush(LoopItem item)
    {
        var seen = Volatile.Read(ref head);
        while (true)
        {
            if (ReferenceEquals(seen, Closed))
            {
                return false;
            }

            item.Next = seen;
            var found = Interlocked.CompareExchange(ref head, item, seen);
            if (ReferenceEquals(found, seen))
            {
                return true;
            }

            seen = found;
        }
    }

    /// <summary>Takes everything pushed so far, oldest first, linked by <see cref="LoopItem.Next"/>.</summary>
    internal LoopItem? TakeAll() => Reverse(Interlocked.Exchange(ref head, null));

    /// <summary>Closes it permanently and returns what was still in it.</summary>
    internal LoopItem? Close()
    {
        var rest = Interlocked.Exchange(ref head, Closed);
        return ReferenceEquals(rest, Closed) ? null : Reverse(rest);
    }

    private static LoopItem? Reverse(LoopItem? newestFirst)
    {
        LoopItem? oldestFirst = null;
        while (newestFirst is not null)
        {
            var next = newestFirst.Next;
            newestFirst.Next = oldestFirst;
            oldestFirst = newestFirst;
            newestFirst = next;
        }

        return oldestFirst;
    }

    private sealed class ClosedMark : LoopItem
    {
        internal override void Execute() => throw new InvalidOperationException("The mark of a closed inbox is not an item.");
    }
}
