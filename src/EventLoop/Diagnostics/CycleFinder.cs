namespace EventLoop.Diagnostics;

/// <summary>Finds cycles of tasks that have to wait for one another: depth first, with a stack of its own, in time linear in the number of tasks and
/// waits.</summary>
internal static class CycleFinder
{
    private const int Most = 1000;

    /// <param name="blockers">For each task, those that have to do something first.</param>
    /// <returns>The cycles, each beginning with its oldest task.</returns>
    internal static List<int[]> Find(SortedDictionary<int, IReadOnlyList<int>> blockers)
    {
        var rings = new List<int[]>();
        var depthOf = new Dictionary<int, int>();      // on the current path; -1: finished
        var path = new List<int>();
        var open = new Stack<(int Task, int Next)>();
        foreach (int start in blockers.Keys)
        {
            if (depthOf.ContainsKey(start))
            {
                continue;
            }

            Enter(start);
            while (open.TryPop(out var here) && rings.Count < Most)
            {
                var following = blockers.GetValueOrDefault(here.Task) ?? [];
                if (here.Next == following.Count)
                {
                    depthOf[here.Task] = -1;
                    path.RemoveAt(path.Count - 1);
                    continue;
                }

                open.Push((here.Task, here.Next + 1));
                int next = following[here.Next];
                if (!depthOf.TryGetValue(next, out int depth))
                {
                    Enter(next);
                }
                else if (depth >= 0)
                {
                    rings.Add(FromOldest(path, depth));
                }
            }
        }

        rings.Sort(static (a, b) => a[0].CompareTo(b[0]));
        return rings;

        void Enter(int task)
        {
            depthOf[task] = path.Count;
            path.Add(task);
            open.Push((task, 0));
        }
    }

    private static int[] FromOldest(List<int> path, int from)
    {
        int[] ring = [.. path.Skip(from)];
        int oldest = Array.IndexOf(ring, ring.Min());
        return [.. ring[oldest..], .. ring[..oldest]];
    }
}
