using System.Globalization;

namespace EventLoop.Diagnostics;

/// <summary>Writes a snapshot as lines for people.</summary>
internal sealed class SnapshotText(LoopSnapshot snapshot, TextWriter to)
{
    private const int LongestName = 24;
    private const int LongestWait = 60;
    private const int MostStalls = 5;

    internal void Write(SnapshotView view)
    {
        WriteHead();
        switch (view)
        {
            case SnapshotView.ByOwner:
                new SnapshotTree(snapshot, Line).WriteByOwner();
                break;
            case SnapshotView.ByAwait:
                new SnapshotTree(snapshot, Line).WriteByAwait();
                break;
            case SnapshotView.Bunches:
                WriteBunches();
                WriteResourcesAndStalls();
                break;
            default:
                WriteList();
                WriteResourcesAndStalls();
                break;
        }

        WriteCycles();
    }

    private void Line(string text)
    {
        to.Write(PlainText.Line(text));
        to.Write('\n');
    }

    private void WriteHead()
    {
        var known = snapshot.Statistics;
        double time = (known.BusyTime + known.IdleTime).TotalSeconds;
        string busy = time > 0 ? string.Create(CultureInfo.InvariantCulture, $", busy {known.BusyTime.TotalSeconds / time:P0}") : "";
        string unread = snapshot.Unread > 0 ? $", {snapshot.Unread} moved too fast to be read" : "";
        string how = !snapshot.IsRunning ? ", does not run now" : snapshot.IsExact ? "" : ", read while it ran";
        Line($"loop '{snapshot.LoopName}' #{snapshot.LoopId}: {Number(snapshot.TaskCount, "task")}, {known.ReadyCount} ready, "
            + $"{Number(known.TimerCount, "timer")}{busy}{unread}{how}");
        if (snapshot.Running is { } running)
        {
            string since = running.Elapsed is { } elapsed ? $" for {PlainText.Short(elapsed)}" : "";
            Line($"in a step now: {running.Who}{(running.TaskId is { } id ? $" #{id}" : "")}{since}");
        }
    }

    internal static string Number(int count, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:#,0} {what}{(count == 1 ? "" : "s")}").Replace(',', '\u00a0');

    private void WriteList()
    {
        int name = Width(snapshot.Tasks, static task => task.Name, LongestName, "NAME");
        int wait = Width(snapshot.Tasks, WaitsOf, LongestWait, "WAITS FOR");
        if (snapshot.Tasks.Count > 0)
        {
            Line($"{"ID",6} {"STATUS",-8}{"FOR",7}  {"NAME".PadRight(name)}  {"WAITS FOR".PadRight(wait)}  {"DEADLINE",8}  IN");
        }

        foreach (var task in snapshot.Tasks)
        {
            Line(string.Create(
                CultureInfo.InvariantCulture,
                $"{task.Id,6} {StatusOf(task.Status),-8}{PlainText.Short(task.InStatus),7}  {PlainText.Cut(task.Name, LongestName).PadRight(name)}  "
                    + $"{PlainText.Cut(WaitsOf(task), LongestWait).PadRight(wait)}  {DeadlineOf(task),8}  {StackOf(task.Stack)}"));
            if (task.CreatedAt is { } origin)
            {
                foreach (string line in origin.Split('\n').Take(4))
                {
                    Line($"         created {line.Trim()}");
                }
            }
        }

        if (snapshot.Tasks.Count + snapshot.Unread < snapshot.TaskCount && snapshot.Bunches.Sum(static bunch => bunch.Count) > snapshot.Tasks.Count)
        {
            Line("all of them, put together:");
            WriteBunches();
        }
    }

    private void WriteBunches()
    {
        int wait = Width(snapshot.Bunches, bunch => Single(bunch) is { } single ? WaitsOf(single) : WaitsOf(bunch), LongestWait, "");
        foreach (var bunch in snapshot.Bunches)
        {
            if (Single(bunch) is { } single)
            {
                Line($"{"#" + single.Id,8} {StatusOf(single.Status),-8} for    {PlainText.Short(single.InStatus),7}  "
                    + $"{PlainText.Cut(WaitsOf(single), LongestWait).PadRight(wait)}  {PlainText.Cut(single.Name, LongestName)} in {StackOf(single.Stack)}");
                continue;
            }

            Line($"{bunch.Count,6} x {StatusOf(bunch.Status),-8} oldest {PlainText.Short(bunch.Oldest),7}  "
                + $"{PlainText.Cut(WaitsOf(bunch), LongestWait).PadRight(wait)}  {StackOf(bunch.Stack)}");
        }
    }

    private TaskSnapshot? Single(TaskBunch bunch) => bunch.Count == 1 && bunch.Examples.Count > 0 ? snapshot.Find(bunch.Examples[0]) : null;

    private static string WaitsOf(TaskBunch bunch) => bunch.Text ?? (bunch.Status == LoopTaskStatus.Waiting ? "several things" : "");

    // No column is wider than what is in it: terminals are narrow.
    private static int Width<T>(IEnumerable<T> rows, Func<T, string> text, int most, string head)
    {
        int width = head.Length;
        foreach (var row in rows)
        {
            width = Math.Max(width, PlainText.Cut(text(row), most).Length);
        }

        return width;
    }

    private void WriteResourcesAndStalls()
    {
        foreach (var stall in snapshot.Stalls.Take(MostStalls))
        {
            string ago = PlainText.Short(snapshot.LoopTime - stall.At);
            string where = stall.Stack.Count > 0 ? $", last waited in {StackOf(stall.Stack)}" : "";
            Line($"STALL {ago} ago: a step of {stall.Who} {(stall.IsOver ? "took" : "has been running for")} {PlainText.Short(stall.Duration)}{where}");
        }

        foreach (var resource in snapshot.Resources)
        {
            Line($"NAMED {resource}");
        }
    }

    private void WriteCycles()
    {
        foreach (var ring in snapshot.Cycles)
        {
            string links = string.Join(" -> ", ring.Take(20).Select(static task => $"{task.Name} #{task.Id} ({WaitsOf(task)})"));
            Line($"CYCLE: {links}{(ring.Count > 20 ? " -> ..." : "")} -> {ring[0].Name} #{ring[0].Id}");
        }
    }

    internal static string StatusOf(LoopTaskStatus status) => status switch
    {
        LoopTaskStatus.Running => "RUNNING",
        LoopTaskStatus.Waiting => "waiting",
        LoopTaskStatus.Ready => "ready",
        _ => status.ToString(),
    };

    internal static string WaitsOf(TaskSnapshot task)
    {
        string waits = string.Join(" and ",
            task.Waits.Select(static wait => wait.Remaining is { } remaining ? $"{wait.Text} ({PlainText.Short(remaining)} left)" : wait.Text));
        return task.IsCancelPending ? $"{waits}{(waits.Length > 0 ? " " : "")}[cancelled{(task.CancelReason is { } reason ? $": {reason}" : "")}]" : waits;
    }

    private static string DeadlineOf(TaskSnapshot task) => task.Remaining switch
    {
        null => "-",
        { } remaining when remaining < TimeSpan.Zero => "overdue",
        { } remaining => PlainText.Short(remaining),
    };

    internal static string StackOf(IReadOnlyList<string> stack) => string.Join(" < ", stack);
}
