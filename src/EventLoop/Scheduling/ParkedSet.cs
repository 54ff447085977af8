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
    private const int Few = 2;           // a method and what it has called
    private const int MostSearched = 8;

    private Dictionary<WaitNode, int>? places;         // of more than are searched for one by one
    private WaitNode?[] nodes = new WaitNode?[Few];      // read by other threads
    private int count;
    private int sweepAt = SmallestSweep;

    internal void Add(WaitNode node)
    {
        if (count >= sweepAt)
        {
            Sweep();
        }

        if (PlaceOf(node) >= 0)
        {
            return;
        }

        if (count == nodes.Length)
        {
            var more = new WaitNode?[count * 2];
            nodes.CopyTo(more, 0);
            Volatile.Write(ref nodes, more);
        }

        if (count == MostSearched && places is null)
        {
            places = new(ReferenceEqualityComparer.Instance);
            for (int place = 0; place < count; place++)
            {
                places.Add(nodes[place]!, place);
            }
        }

        places?.Add(node, count);
        Volatile.Write(ref nodes[count++], node);
    }

    internal void Remove(WaitNode node)
    {
        int place = PlaceOf(node);
        if (place < 0)
        {
            return;
        }

        places?.Remove(node);
        int last = --count;
        if (place != last)
        {
            var moved = nodes[last]!;
            places?[moved] = place;
            Volatile.Write(ref nodes[place], moved);
        }

        Volatile.Write(ref nodes[last], null);
    }

    private int PlaceOf(WaitNode node)
    {
        if (places is not null)
        {
            return places.TryGetValue(node, out int place) ? place : -1;
        }

        for (int place = count - 1; place >= 0; place--)
        {
            if (ReferenceEquals(nodes[place], node))
            {
                return place;
            }
        }

        return -1;
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
        for (int i = count - 1; i >= 0; i--)
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
        for (int i = count - 1; i >= 0; i--)
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
        for (int i = count - 1; i >= 0; i--)
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
        for (int i = count - 1; i >= 0; i--)
        {
            var node = nodes[i]!;
            if (!owner.WaitsHere(node) && !owner.IsCancelledHere(node))
            {
                Remove(node);
            }
        }

        sweepAt = Math.Max(SmallestSweep, count * 2);
    }
}
