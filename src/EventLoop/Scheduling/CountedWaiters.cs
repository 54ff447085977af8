using System.Diagnostics;

namespace EventLoop.Scheduling;

/// <summary>A queue of waiters that knows how many they are, and how many they were at most. Loop thread only; any thread may look at the numbers.</summary>
[StackTraceHidden]
internal struct CountedWaiters
{
    private WaiterQueue queue;

    internal int Count { readonly get; private set; }

    internal int Peak { readonly get; private set; }

    internal readonly bool IsEmpty => queue.IsEmpty;

    internal readonly WaitNode? First => queue.First;

    /// <summary>As they stand, for statistics.</summary>
    internal readonly WaiterQueue Queue => queue;

    internal void Add(WaitNode node)
    {
        queue.Add(node);
        if (++Count > Peak)
        {
            Peak = Count;
        }
    }

    internal void Remove(WaitNode node)
    {
        queue.Remove(node);
        Count--;
    }

    internal WaitNode? TakeFirst()
    {
        var node = queue.TakeFirst();
        if (node is not null)
        {
            Count--;
        }

        return node;
    }
}
