using System.Globalization;
using System.Text;
using EventLoop.Debugging;

namespace EventLoop.Diagnostics;

/// <summary>Every unfinished task with its waits, and the rings among them, in words: for deadlocks, and for runs that do not end. It tells what a snapshot
/// holds, and what only the tasks themselves know: since when they wait, and by whose name they were created. Loop thread, or after its run.</summary>
internal static class StandstillReport
{
    internal static string Of(Loop loop)
    {
        var snapshot = SnapshotReader.Take(loop, new SnapshotOptions { MostTasks = int.MaxValue });
        var report = new StringBuilder();
        var labels = new Dictionary<int, string>();
        var tasks = loop.Core.Tasks.Snapshot();
        foreach (var task in tasks)
        {
            labels[task.Id] = task.Label;
        }

        foreach (var task in tasks)
        {
            if (snapshot.Find(task.Id) is { } seen)
            {
                Append(report, task, seen, labels);
            }
        }

        if (snapshot.Cycles.Count > 0)
        {
            report.Append(snapshot.Cycles.Count == 1 ? "Cycle:\n" : "Cycles:\n");
            foreach (var ring in snapshot.Cycles)
            {
                Append(report, ring, labels);
            }
        }

        return report.ToString().TrimEnd();
    }

    private static void Append(StringBuilder report, LoopTask task, TaskSnapshot seen, Dictionary<int, string> labels)
    {
        report.Append("  ").Append(task.Label);
        if (seen.Waits.Count == 0)
        {
            report.Append(" is ready to run");
        }
        else
        {
            report.Append(" waits on ").AppendJoin(" and on ", seen.Waits.Select(static wait => wait.Text));
            if (task.LastStep is { } since)
            {
                report.Append(CultureInfo.InvariantCulture, $" since {WaitReport.Seconds(since)}");
            }
        }

        if (seen.Stack.Count > 0)
        {
            report.Append(", in ").AppendJoin(" < ", seen.Stack);
        }

        report.Append('\n');
        report.Append("      created by ").Append(task.CreatedBy ?? "the program").Append('\n');
        if (seen.CreatedAt is { } origin)
        {
            foreach (string line in origin.Split('\n').Take(4))
            {
                report.Append("      ").Append(line.TrimEnd()).Append('\n');
            }
        }

        if (seen.AwaitedByCount > 0)
        {
            report.Append("      awaited by ").AppendJoin(", ", seen.AwaitedBy.Select(id => LabelOf(id, labels)))
                .Append(seen.AwaitedByCount > seen.AwaitedBy.Count ? ", ..." : "").Append('\n');
        }
    }

    // "a -> lock (held by b) -> b -> a": what is between two tasks is what the first waits for, where that is not the second itself.
    private static void Append(StringBuilder report, IReadOnlyList<TaskSnapshot> ring, Dictionary<int, string> labels)
    {
        report.Append("  ");
        for (int i = 0; i < ring.Count; i++)
        {
            var next = ring[(i + 1) % ring.Count];
            var waits = ring[i].Waits;
            var wait = waits.FirstOrDefault(one => one.Blockers.Contains(next.Id)) ?? (waits.Count > 0 ? waits[0] : null);
            report.Append(LabelOf(ring[i].Id, labels)).Append(" -> ");
            if (wait is { Kind: not WaitKind.Task })
            {
                report.Append(wait.Text).Append(" -> ");
            }
        }

        report.Append(LabelOf(ring[0].Id, labels)).Append('\n');
    }

    private static string LabelOf(int task, Dictionary<int, string> labels) => labels.GetValueOrDefault(task) ?? $"task #{task}";
}
