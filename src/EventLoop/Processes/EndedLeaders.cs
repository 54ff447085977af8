using System.Globalization;

namespace EventLoop.Processes;

/// <summary>
/// Children that led a process group, have ended, and were not disposed. Each is kept in the system's table, because the group's number is its own only so
/// long, until nobody else is found in its group. One look at all processes serves all of them, and there is none for those that are disposed soon. Any thread.
/// </summary>
internal static class EndedLeaders
{
    private const int MostPauses = 128;
    private const int SureLooks = 2;      // a process that was just made may be missed once

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.5);
    private static readonly Lock Gate = new();                              // held only for a moment
    private static readonly Dictionary<IEndedLeader, Search> All = [];      // guarded by the gate
    private static Timer? timer;
    private static bool isTicking;

    internal static void Add(IEndedLeader leader)
    {
        lock (Gate)
        {
            All[leader] = new Search();
            if (!isTicking)
            {
                isTicking = true;
                timer ??= MakeTimer();
                timer.Change(Pause, Timeout.InfiniteTimeSpan);
            }
        }
    }

    internal static void Remove(IEndedLeader leader)
    {
        lock (Gate)
        {
            All.Remove(leader);
        }
    }

    // Without the context of whoever happened to be the first.
    private static Timer MakeTimer()
    {
        bool flows = !ExecutionContext.IsFlowSuppressed();
        var suppressed = flows ? ExecutionContext.SuppressFlow() : default;
        try
        {
            return new Timer(static _ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        finally
        {
            if (flows)
            {
                suppressed.Undo();
            }
        }
    }

    // On a thread of the pool, one at a time.
    private static void Tick()
    {
        List<IEndedLeader> due = [];
        lock (Gate)
        {
            foreach (var (leader, search) in All)
            {
                if (--search.PausesLeft < 0)
                {
                    due.Add(leader);
                }
            }
        }

        var inhabited = due.Count == 0 ? null : Inhabited();
        List<IEndedLeader> alone = [];
        lock (Gate)
        {
            foreach (var leader in due)
            {
                if (!All.TryGetValue(leader, out var search))
                {
                    continue;
                }

                if (inhabited is null || inhabited.Contains(leader.Group))
                {
                    search.FindsOthers();
                }
                else if (++search.LooksInVain == SureLooks)
                {
                    All.Remove(leader);
                    alone.Add(leader);
                }
            }

            isTicking = All.Count > 0;
            if (isTicking)
            {
                timer!.Change(Pause, Timeout.InfiniteTimeSpan);
            }
        }

        alone.ForEach(static leader => leader.OnAlone());
    }

    // The groups with others than their leaders; null where that cannot be seen.
    private static HashSet<int>? Inhabited()
    {
        try
        {
            var groups = new HashSet<int>();
            foreach (string folder in Directory.EnumerateDirectories("/proc"))
            {
                if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                    && ProcessTree.GroupOf(folder) is { } group && group != id)
                {
                    groups.Add(group);
                }
            }

            return groups;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private sealed class Search
    {
        private int pauses = 1;

        internal int PausesLeft { get; set; } = 1;

        internal int LooksInVain { get; set; }

        internal void FindsOthers()
        {
            LooksInVain = 0;
            pauses = Math.Min(pauses * 2, MostPauses);
            PausesLeft = pauses;
        }
    }
}

/// <summary>A child that led a group and has ended.</summary>
internal interface IEndedLeader
{
    /// <summary>The number of the group. Any thread.</summary>
    int Group { get; }

    /// <summary>Called once, on any thread, when nobody else is in the group; does not throw.</summary>
    void OnAlone();
}
