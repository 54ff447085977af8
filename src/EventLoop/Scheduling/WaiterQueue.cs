namespace EventLoop.Scheduling;

/// <summary>First come, first served, with O(1) removal from the middle: a ring of nodes linked through themselves. Loop thread only.</summary>
internal struct WaiterQueue
{
    private WaitNode? first;    // first.Previous is the last one

    internal readonly bool IsEmpty => first is null;

    internal readonly WaitNode? First => first;

    internal void Add(WaitNode node)
    {
        if (first is null)
        {
            node.Next = node;
            node.Previous = node;
            first = node;
            return;
        }

        var last = first.Previous!;
        last.Next = node;
        node.Previous = last;
        node.Next = first;
        first.Previous = node;
    }

    internal void Remove(WaitNode node)
    {
        var next = (WaitNode)node.Next!;
        if (ReferenceEquals(next, node))
        {
            first = null;
        }
        else
        {
            node.Previous!.Next = next;
            next.Previous = node.Previous;
            if (ReferenceEquals(first, node))
            {
                first = next;
            }
        }

        node.Next = null;
        node.Previous = null;
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

    internal bool WakeFirst(LoopCore core)
    {
        var node = TakeFirst();
        node?.Wake(core);
        return node is not null;
    }

    /// <summary>Wakes those that wait now, in their order; who joins meanwhile waits for the next time.</summary>
    internal void WakeAll(LoopCore core)
    {
        var last = first?.Previous;
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
            for (var node = first; node is not null; node = NextOf(node))
            {
                count++;
            }

            return count;
        }
    }

    internal readonly List<T> Select<T>(Func<WaitNode, T?> choose) where T : class
    {
        var chosen = new List<T>();
        for (var node = first; node is not null; node = NextOf(node))
        {
            if (choose(node) is { } one)
            {
                chosen.Add(one);
            }
        }

        return chosen;
    }

    private readonly WaitNode? NextOf(WaitNode node) => ReferenceEquals(node.Next, first) ? null : (WaitNode?)node.Next;
}
