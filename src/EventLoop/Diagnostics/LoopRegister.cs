namespace EventLoop.Diagnostics;

/// <summary>The loops of the process, referenced weakly: one that is dropped without being closed is collected like any other object. Any thread.</summary>
internal sealed class LoopRegister
{
    private const int FewLoops = 16;

    private readonly Lock gate = new();      // loops are made and closed on any thread
    private readonly Dictionary<int, WeakReference<Loop>> loops = [];
    private int sweepAt = FewLoops;

    /// <summary>Those that are not closed, in the order in which they were made.</summary>
    internal IReadOnlyList<Loop> All
    {
        get
        {
            var all = new List<Loop>();
            lock (gate)
            {
                foreach (var loop in loops.Values)
                {
                    if (loop.TryGetTarget(out var one) && !one.IsClosed)
                    {
                        all.Add(one);
                    }
                }
            }

            all.Sort(static (a, b) => a.Id.CompareTo(b.Id));
            return all;
        }
    }

    internal void Add(Loop loop)
    {
        lock (gate)
        {
            if (loops.Count >= sweepAt)
            {
                foreach (var (id, one) in loops)
                {
                    if (!one.TryGetTarget(out _))
                    {
                        loops.Remove(id);
                    }
                }

                sweepAt = Math.Max(FewLoops, loops.Count * 2);
            }

            loops[loop.Id] = new WeakReference<Loop>(loop);
        }
    }

    internal void Remove(Loop loop)
    {
        lock (gate)
        {
            loops.Remove(loop.Id);
        }
    }
}
