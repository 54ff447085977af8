using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>First come, first served, with O(1) removal from the middle: an intrusive list of nodes. Loop thread only.</summary>
[StackTraceHidden]
internal struct WaiterQueue
{
    // first.Previous is the last node, or null if there is only one: a queue of one, by far the most frequent, costs a single store.
    private WaitNode? first;

    internal WaiterQueue(WaitNode? only) => first = only;

    internal readonly bool IsEmpty => first is null;

    internal readonly WaitNode? First => first;

    internal void Add(WaitNode node)
    {
        Debug.Assert(node.Next is null && node.Previous is null && !ReferenceEquals(first, node), "A node stands in one queue at a time.");
        if (first is null)
        {
            first = node;
            return;
        }

        var last = first.Previous ?? first;
        last.Next = node;
        node.Previous = last;
        first.Previous = node;
        AssertInvariants();
    }

    internal void Remove(WaitNode node)
    {
        var next = Unsafe.As<WaitNode?>(node.Next);
        var previous = node.Previous;
        if (ReferenceEquals(node, first))
        {
            first = next;
            if (next is not null)
            {
                next.Previous = ReferenceEquals(previous, next) ? null : previous;
            }
        }
        else
        {
            previous!.Next = next;
            if (next is not null)
            {
                next.Previous = previous;
            }
            else
            {
                first!.Previous = ReferenceEquals(previous, first) ? null : previous;
            }
        }

        node.Next = null;
        node.Previous = null;
        AssertInvariants();
    }

    internal WaitNode? TakeFirst()
    {
        var node = first;
        if (node is not null)
        {
            Remove(node);
        }

        return node;
    }

    /// <summary>Wakes the current waiters in order; whoever joins meanwhile waits for the next time.</summary>
    internal void WakeAll(LoopCore core)
    {
        if (first is { Previous: null } only)
        {
            first = null;
            only.Wake(core);
            return;
        }

        var last = first?.Previous ?? first;
        while (last is not null && TakeFirst() is { } node)
        {
            node.Wake(core);
            if (ReferenceEquals(node, last))
            {
                return;
            }
        }
    }

    /// <summary>For statistics: O(n).</summary>
    internal readonly int Count
    {
        get
        {
            int count = 0;
            for (var node = first; node is not null; node = Unsafe.As<WaitNode?>(node.Next))
            {
                count++;
            }

            return count;
        }
    }

    internal readonly List<T> Select<T>(Func<WaitNode, T?> choose) where T : class
    {
        var chosen = new List<T>();
        for (var node = first; node is not null; node = Unsafe.As<WaitNode?>(node.Next))
        {
            if (choose(node) is { } one)
            {
                chosen.Add(one);
            }
        }

        return chosen;
    }

    /// <summary>Checks the two ends: checking a whole queue would cost too much at each change.</summary>
    [Conditional("DEBUG")]
    private readonly void AssertInvariants()
    {
        if (first is { } node)
        {
            Debug.Assert(node.Next is null == node.Previous is null, "One that stands alone has neither neighbour; else the first knows the last.");
            Debug.Assert(node.Previous is not { } last || last.Next is null, "Nobody stands behind the last.");
            Debug.Assert(node.Following is not { } second || ReferenceEquals(second.Previous, node), "Neighbours know one another.");
        }
    }
}
