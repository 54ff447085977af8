using System.Globalization;
using System.Text;
using EventLoop.Combining;
using EventLoop.Coroutines;
using EventLoop.Foreign;
using EventLoop.Scheduling;

namespace EventLoop.Debugging;

/// <summary>Who waits for what, in words: for deadlocks, and for runs that do not end. Loop thread only.</summary>
internal static class WaitReport
{
    /// <summary>The report if the loop is at a standstill that nothing inside it can end; null when something outside may still come back.</summary>
    /// <remarks>
    /// A future may be completed by a post from another thread, a foreign await comes back by itself, and who sleeps for ever waits for Ctrl-C: such a
    /// wait means that the loop is merely idle. What is left are waits for locks, queues, groups and tasks.
    /// </remarks>
    internal static string? OfCertainDeadlock(Loop loop)
    {
        var tasks = loop.Core.Tasks.Snapshot();
        if (tasks.Count == 0)
        {
            return null;
        }

        foreach (var task in tasks)
        {
            var waits = task.CollectWaits();
            if (waits.Count == 0 || waits.Exists(static node => node.Target is not { } target || IsOpenToTheOutside(target)))
            {
                return null;
            }
        }

        return Of(loop);
    }

    /// <summary>Something waits for what comes from outside the loop and was not announced to it.</summary>
    internal static bool AnyForeignWait(Loop loop) =>
        loop.Core.Tasks.Snapshot().Exists(static task => task.CollectWaits().Exists(static node => 
            node.Target is ForeignWait or LoopFuture { IsForeign: true } or ShieldedWait { Inner: ForeignTask } or ChildrenWait { IsForeign: true }));

    /// <summary>Every unfinished task with its waits, and the cycles among them.</summary>
    internal static string Of(Loop loop)
    {
        var tasks = loop.Core.Tasks.Snapshot();
        var report = new StringBuilder();
        foreach (var task in tasks)
        {
            Append(report, task);
        }

        var cycles = Cycles(tasks);
        if (cycles.Count > 0)
        {
            report.Append(cycles.Count == 1 ? "Cycle:\n" : "Cycles:\n");
            foreach (string cycle in cycles)
            {
                report.Append("  ").Append(cycle).Append('\n');
            }
        }

        return report.ToString().TrimEnd();
    }

    private static bool IsOpenToTheOutside(IWaitTarget target) =>
        target is ForeignWait or SleepSource || (target is LoopAwaitable and not LoopTask)
            || target is ShieldedWait { Inner: not LoopTask } or ChildrenWait { IsOpenToTheOutside: true };

    private static void Append(StringBuilder report, LoopTask task)
    {
        report.Append("  ").Append(task.Label);
        var waits = task.CollectWaits();
        if (waits.Count == 0)
        {
            report.Append(" is ready to run");
        }
        else
        {
            report.Append(" waits on ").AppendJoin(" and on ", waits.Select(static node => node.Target?.Describe(node) ?? "its turn"));
            if (task.LastStep is { } since)
            {
                report.Append(CultureInfo.InvariantCulture, $" since {Seconds(since)}");
            }
        }

        if (StackOf(task) is { Length: > 0 } stack)
        {
            report.Append(", in ").Append(stack);
        }

        report.Append('\n');
        report.Append("      created by ").Append(task.CreatedBy ?? "the program").Append('\n');
        if (task.CreatedAt is { } origin)
        {
            foreach (string line in origin.Split('\n').Take(4))
            {
                report.Append("      ").Append(line.TrimEnd()).Append('\n');
            }
        }

        if (task.Awaiters is { Count: > 0 } awaiters)
        {
            report.Append("      awaited by ").AppendJoin(", ", awaiters.Select(static one => one.Label)).Append('\n');
        }
    }

    /// <summary>The methods that the task is in, innermost first.</summary>
    internal static string StackOf(LoopTask task) => string.Join(" < ", task.GetStack());

    internal static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.#######", CultureInfo.InvariantCulture) + " s";

    // Along "has to do something first": from each task to the tasks that block it. Each cycle once, beginning with its oldest task.
    private static List<string> Cycles(List<LoopTask> tasks)
    {
        var cycles = new List<string>();
        var finished = new HashSet<LoopTask>();
        foreach (var start in tasks)
        {
            var path = new List<(LoopTask Task, string By)>();
            Follow(start, path, finished, cycles);
        }

        return cycles;
    }

    private static void Follow(LoopTask start, List<(LoopTask Task, string By)> path, HashSet<LoopTask> finished, List<string> cycles)
    {
        // Depth first with a stack of its own: chains of tasks may be longer than the thread's stack.
        var open = new Stack<(LoopTask Task, string By, int Depth)>();
        open.Push((start, "", 0));
        while (open.TryPop(out var visit))
        {
            path.RemoveRange(visit.Depth, path.Count - visit.Depth);
            int index = path.FindIndex(step => ReferenceEquals(step.Task, visit.Task));
            if (index >= 0)
            {
                cycles.Add(Describe(path[index..], visit.By));
                continue;
            }

            if (!finished.Add(visit.Task))
            {
                continue;
            }

            path.Add((visit.Task, visit.By));
            foreach (var node in visit.Task.CollectWaits())
            {
                if (node.Target is not { } target)
                {
                    continue;
                }

                var blockers = new List<IStepOwner>();
                target.CollectBlockers(node, blockers);
                string by = target is LoopTask ? "" : target.Describe(node);
                for (int i = blockers.Count - 1; i >= 0; i--)
                {
                    open.Push(((LoopTask)blockers[i], by, path.Count));
                }
            }
        }
    }

    private static string Describe(List<(LoopTask Task, string By)> cycle, string closing)
    {
        var text = new StringBuilder(cycle[0].Task.Label);
        foreach (var (task, by) in cycle.Skip(1))
        {
            text.Append(by.Length > 0 ? $" -> {by} -> " : " -> ").Append(task.Label);
        }

        return text.Append(closing.Length > 0 ? $" -> {closing} -> " : " -> ").Append(cycle[0].Task.Label).ToString();
    }
}
