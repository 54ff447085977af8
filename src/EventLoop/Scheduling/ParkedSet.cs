namespace EventLoop.Scheduling;

/// <summary>
/// The nodes of a context in which several flows wait at once; only tasks with several flows have one. A node that resumed without having been removed (after
/// a yield, or to throw) is stale, and is swept out later. Loop thread only, except <see cref="CollectWaits"/>.
/// </summary>
/// <remarks>Sealed, so that the type test is a single comparison. Other threads read it as they read the <see cref="Tasks.TaskTable"/>: backwards, while nodes
/// only move downwards.</remarks>
internal sealed class ParkedSet(LoopContext owner)
{
    private const int SmallestSweep = 16;

    private readonly Dictionary<WaitNode, int> places = new(ReferenceEqualityComparer.Instance);
    private WaitNode?[] nodes = new WaitNode?[SmallestSweep];      // read by other threads
    private int sweepAt = SmallestSweep;

    internal void Add(WaitNode node)
    {
        if (places.Count >= sweepAt)
        {
            Sweep();
        }

        int place = places.Count;
        if (!places.TryAdd(node, place))
        {
            return;
        }

        if (place == nodes.Length)
        {
            var more = new WaitNode?[place * 2];
            nodes.CopyTo(more, 0);
            Volatile.Write(ref nodes, more);
        }

        Volatile.Write(ref nodes[place], node);
    }

    internal void Remove(WaitNode node)
    {
        if (!places.Remove(node, out int place))
        {
            return;
        }

        int last = places.Count;
        if (place != last)
        {
            var moved = nodes[last]!;
            places[moved] = place;
            Volatile.Write(ref nodes[place], moved);
        }

        Volatile.Write(ref nodes[last], null);
    }

    /// <summary>Collects the nodes that wait; one may be included twice. Any thread.</summary>
    internal void CollectWaits(List<WaitNode> waits)
    {
        var all = Volatile.Read(ref nodes);
        for (int i = all.Length - 1; i >= 0; i--)
        {
            if (Volatile.Read(ref all[i]) is { } node && owner.WaitsHere(node))
            {
                waits.Add(node);
            }
        }
    }

    /// <summary>The node that was added last among those that wait for something.</summary>
    internal WaitNode? Newest()
    {
        for (int i = places.Count - 1; i >= 0; i--)
        {
            if (owner.WaitsHere(nodes[i]!) && nodes[i]!.State == WaitState.Parked)
            {
                return nodes[i];
            }
        }

        return null;
    }

    internal bool Any()
    {
        for (int i = places.Count - 1; i >= 0; i--)
        {
            if (owner.WaitsHere(nodes[i]!) || owner.IsCancelledHere(nodes[i]!))
            {
                return true;
            }
        }

        return false;
    }

    internal bool AnyCancelled()
    {
        for (int i = places.Count - 1; i >= 0; i--)
        {
            if (owner.IsCancelledHere(nodes[i]!))
            {
                return true;
            }
        }

        return false;
    }

    private void Sweep()
    {
        for (int i = places.Count - 1; i >= 0; i--)
        {
            var node = nodes[i]!;
            if (!owner.WaitsHere(node) && !owner.IsCancelledHere(node))
            {
                Remove(node);
            }
        }

        sweepAt = Math.Max(SmallestSweep, places.Count * 2);
    }
}
