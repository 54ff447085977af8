using System.Runtime.InteropServices;

namespace EventLoop.Diagnostics;

/// <summary>Finds cycles of tasks that have to wait for one another: depth first, with a stack of its own, in time linear in the number of tasks and
/// waits. A wait that any one of several tasks ends is stuck only when all of them are.</summary>
internal static class CycleFinder
{
    private const int Most = 1000;

    /// <param name="blockers">For each task, those that have to do something first: tasks, or points of <paramref name="anyOf"/>.</param>
    /// <param name="anyOf">Points, with negative numbers, where one of several tasks has to do something first.</param>
    /// <returns>The cycles, each beginning with its oldest task.</returns>
    internal static List<int[]> Find(SortedDictionary<int, IReadOnlyList<int>> blockers, Dictionary<int, IReadOnlyList<int>> anyOf)
    {
        var stuck = anyOf.Count == 0 ? null : FindStuck(blockers, anyOf);
        var rings = new List<int[]>();
        var depthOf = new Dictionary<int, int>();      // on the current path; -1: finished
        var path = new List<int>();
        var open = new Stack<(int Task, int Next)>();
        foreach (int start in blockers.Keys)
        {
            if (depthOf.ContainsKey(start) || stuck?.Contains(start) == false)
            {
                continue;
            }

            Enter(start);
            while (open.TryPop(out var here) && rings.Count < Most)
            {
                var following = here.Task < 0 ? anyOf[here.Task] : blockers.GetValueOrDefault(here.Task) ?? [];
                if (here.Next == following.Count)
                {
                    depthOf[here.Task] = -1;
                    path.RemoveAt(path.Count - 1);
                    continue;
                }

                open.Push((here.Task, here.Next + 1));
                int next = following[here.Next];
                if (stuck?.Contains(next) == false)
                {
                    continue;
                }

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

    // Whoever can still go on is taken out, and then whoever waits for that one, until nothing changes.
    private static HashSet<int> FindStuck(SortedDictionary<int, IReadOnlyList<int>> blockers, Dictionary<int, IReadOnlyList<int>> anyOf)
    {
        var stuck = new HashSet<int>(blockers.Keys);
        stuck.UnionWith(anyOf.Keys);
        var followers = new Dictionary<int, List<int>>();
        var stuckBlockers = new Dictionary<int, int>();
        var free = new Stack<int>();
        foreach (var (who, all) in blockers.Concat(anyOf))
        {
            int count = 0;
            foreach (int blocker in all)
            {
                if (stuck.Contains(blocker))
                {
                    count++;
                    (CollectionsMarshal.GetValueRefOrAddDefault(followers, blocker, out _) ??= []).Add(who);
                }
            }

            stuckBlockers[who] = count;
            if (count < (who < 0 ? all.Count : 1))
            {
                free.Push(who);
            }
        }

        while (free.TryPop(out int gone))
        {
            if (stuck.Remove(gone) && followers.TryGetValue(gone, out var after))
            {
                foreach (int follower in after)
                {
                    if (--CollectionsMarshal.GetValueRefOrNullRef(stuckBlockers, follower) == 0 || follower < 0)
                    {
                        free.Push(follower);
                    }
                }
            }
        }

        return stuck;
    }

    private static int[] FromOldest(List<int> path, int from)
    {
        int[] ring = [.. path.Skip(from).Where(static one => one > 0)];
        int oldest = Array.IndexOf(ring, ring.Min());
        return [.. ring[oldest..], .. ring[..oldest]];
    }
}
