namespace EventLoop.Scheduling;

/// <summary>
/// The nodes of a context in which several flows wait at once; only tasks with such have one. A node that went on without having been taken out (after a yield,
/// or to throw) is an old one, and is swept out some time. Loop thread only, but for <see cref="CollectWaits"/>.
/// </summary>
/// <remarks>Sealed, so that asking whether something is one is a single comparison. Read by other threads as the <see cref="Tasks.TaskTable"/> is: backwards,
/// while nodes move downwards only.</remarks>
internal sealed class ParkedSet(LoopContext owner)
{
    private const int SmallestSweep = 16;

    private readonly Dictionary<WaitNode, int> places = new(ReferenceEqualityComparer.Instance);
    private WaitNode?[] nodes = new WaitNode?[SmallestSweep];      // other threads read it
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

    /// <summary>Any thread; one may be in it twice.</summary>
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

    /// <summary>The one that was added last of those that wait for something.</summary>
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
