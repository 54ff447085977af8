using System.Globalization;
using System.Runtime.InteropServices;
using EventLoop.Debugging;
using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>Finds what looks wrong. It does not report what every healthy server looks like: a thousand idle connections, a full queue that moves, a task
/// behind a hundred short steps.</summary>
internal sealed class ProblemFinder
{
    private const int ManyTasks = 1000;
    private const int ManyItems = 1000;
    private const int MostExamples = SnapshotReader.MostIds;
    private static readonly TimeSpan LongStep = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongWaitForRoom = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongReady = TimeSpan.FromMilliseconds(10);

    private readonly List<Finding> findings = [];
    private readonly Dictionary<object, Crowd> crowds = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, (List<int> Tasks, TimeSpan Oldest)> roomless = [];

    /// <summary>The waits for one object.</summary>
    private sealed class Crowd
    {
        internal int Count;
        internal string Text = "";
        internal WaitKind Kind;
        internal LoopTask? Holder;
        internal readonly List<int> Examples = [];
    }

    internal void See(TaskReading task, TaskActivity? activity)
    {
        bool waits = task.Status == LoopTaskStatus.Waiting;
        if (waits)
        {
            foreach (var wait in task.Waits)
            {
                See(task, wait);
            }

            if (task.IsCancelPending && task.Waits.Count > 0)
            {
                Add(
                    FindingKind.UninterruptibleWait,
                    FindingSeverity.Warning,
                    $"{task.Task.Label} #{task.Task.Id} was cancelled{(task.CancelReason is { } reason ? $" ({reason})" : "")} and waits on: "
                        + $"{task.Waits[0].Text}",
                    "Give what it awaits the token of the task (Loop.CancellationToken), or await it with OnLoop(), which a cancellation ends at once.",
                    [task.Task.Id]);
            }
        }
        else if (task.Remaining is { } remaining && remaining < TimeSpan.Zero)
        {
            Add(
                FindingKind.OverdueDeadline,
                FindingSeverity.Warning,
                $"{task.Task.Label} #{task.Task.Id} is {Seconds(-remaining)} behind its deadline and has not come to its next wait",
                "A deadline takes effect at a wait: break up the long step, with await Loop.Yield(), or move it to Loop.ToThread.",
                [task.Task.Id]);
        }

        if (activity is { } acts)
        {
            See(task.Task, acts);
        }
    }

    private void See(TaskReading task, WaitReading wait)
    {
        if (task.InStatus > LongWaitForRoom && IsForRoom(wait))
        {
            ref var tasks = ref CollectionsMarshal.GetValueRefOrAddDefault(roomless, wait.Text, out bool known);
            if (!known)
            {
                tasks = ([], TimeSpan.Zero);
            }

            tasks.Tasks.Add(task.Task.Id);
            tasks.Oldest = task.InStatus > tasks.Oldest ? task.InStatus : tasks.Oldest;
        }

        if (wait.Resource is { } resource && wait.Kind is not (WaitKind.Task or WaitKind.Socket) || wait is { Kind: WaitKind.Task, Resource: not null })
        {
            ref var crowd = ref CollectionsMarshal.GetValueRefOrAddDefault(crowds, wait.Resource!, out _);
            crowd ??= new Crowd { Text = wait.Text, Kind = wait.Kind, Holder = wait.Kind == WaitKind.Lock && wait.Blockers.Count > 0 ? wait.Blockers[0]
                : null };
            crowd.Count++;
            if (crowd.Examples.Count < MostExamples)
            {
                crowd.Examples.Add(task.Task.Id);
            }
        }
    }

    private static bool IsForRoom(WaitReading wait) => wait.Kind is WaitKind.Queue or WaitKind.Channel
        && (wait.Text.EndsWith("(for room)", StringComparison.Ordinal) || wait.Text.EndsWith("(to send)", StringComparison.Ordinal));

    private void See(LoopTask task, TaskActivity activity)
    {
        if (activity.SelfWakes >= 1000 && activity.SelfWakes * 10 >= activity.Steps * 9)
        {
            Add(
                FindingKind.SelfWaking,
                FindingSeverity.Warning,
                string.Create(CultureInfo.InvariantCulture, $"{task.Label} #{task.Id} wakes itself: {activity.SelfWakes} of {activity.Steps} steps"),
                "It polls: have it wait for an event, a queue or a future that says when there is something to do.",
                [task.Id]);
        }

        if (activity.Steps >= 10 && activity.ReadyTime / activity.Steps > LongReady)
        {
            Add(
                FindingKind.ReadyDelay,
                FindingSeverity.Warning,
                $"{task.Label} #{task.Id} runs {Seconds(activity.ReadyTime / activity.Steps)} after its wake-ups on average: the steps of others are too long",
                "Find the long steps (StallLimit, or the recorder) and break them up, or move them to Loop.ToThread.",
                [task.Id]);
        }
    }

    /// <param name="running">The running step.</param>
    /// <param name="cycles">The cycles.</param>
    /// <param name="core">The loop; null for a snapshot that comes from elsewhere.</param>
    /// <param name="stallLimit">The limit of the stall watch; null: none.</param>
    internal IReadOnlyList<Finding> Find(StepSnapshot? running, IReadOnlyList<IReadOnlyList<TaskSnapshot>> cycles, LoopCore? core, TimeSpan? stallLimit)
    {
        var deadlocked = new HashSet<int>();
        foreach (var ring in cycles)
        {
            deadlocked.UnionWith(ring.Select(static task => task.Id));
            Add(FindingKind.Deadlock, FindingSeverity.Error, InWords(ring),
                "None of them will ever go on: take locks in one order everywhere, or bound a wait by Loop.Timeout.", [.. ring.Select(static task => task.Id)]);
        }

        if (running is { Elapsed: { } elapsed } && elapsed > (stallLimit ?? LongStep))
        {
            Add(
                FindingKind.LongStep,
                FindingSeverity.Error,
                $"{running.Who} has been in one step for {Seconds(elapsed)}; nothing else runs meanwhile",
                "Move blocking and long work to Loop.ToThread, or break it up with await Loop.Yield(); eventloop dump --frames shows where the thread is.",
                running.TaskId is { } id ? [id] : []);
        }

        foreach (var crowd in crowds.Values)
        {
            if (crowd is { Kind: WaitKind.Lock, Holder: { Status: LoopTaskStatus.Waiting } holder } && !deadlocked.Contains(holder.Id))
            {
                Add(
                    FindingKind.LockConvoy,
                    FindingSeverity.Warning,
                    $"{crowd.Text}: {crowd.Count} {(crowd.Count == 1 ? "task waits" : "tasks wait")} for it while its holder waits for "
                        + $"{holder.WaitingOn ?? "something else"}",
                    "Do not wait for something slow while a lock is held: fetch first, then lock, or give each thing its own lock.",
                    [holder.Id, .. crowd.Examples]);
            }

            if (crowd.Count >= ManyTasks)
            {
                Add(
                    FindingKind.Crowd,
                    FindingSeverity.Info,
                    $"{crowd.Count} tasks wait for one object: {crowd.Text}",
                    "Whoever wakes them wakes them all, or each waits for all before it: bound how many there are, with a CapacityLimiter or a fixed number "
                        + "of workers.",
                    crowd.Examples);
            }

            crowd.Holder = null;
        }

        foreach (var (text, (tasks, oldest)) in roomless)
        {
            Add(
                FindingKind.Backlog,
                FindingSeverity.Warning,
                $"{tasks.Count} {(tasks.Count == 1 ? "task has" : "tasks have")} waited for room for up to {Seconds(oldest)}: {text}",
                "Whoever takes from it is too slow, or gone: look at the tasks that should receive.",
                [.. tasks.Take(MostExamples)]);
        }

        if (core is not null)
        {
            FindBacklogs(core);
        }

        return [.. findings.OrderByDescending(static finding => finding.Severity).ThenBy(static finding => finding.Kind)];
    }

    private void FindBacklogs(LoopCore core)
    {
        var looked = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach (var (resource, crowd) in crowds)
        {
            if (resource is IBacklog queue && looked.Add(queue))
            {
                SeeBacklog(queue, crowd.Examples);
            }
        }

        foreach (var (queue, _) in ResourceNames.All<IBacklog>())
        {
            if (ReferenceEquals(queue.UsedBy, core) && looked.Add(queue))
            {
                SeeBacklog(queue, []);
            }
        }
    }

    private void SeeBacklog(IBacklog queue, List<int> tasks)
    {
        if (queue is { IsUnbounded: true, ItemCount: >= ManyItems and var items })
        {
            Add(
                FindingKind.Backlog,
                FindingSeverity.Warning,
                $"{ResourceNames.Label("queue", queue)} has no bound and holds {items} items",
                "Give it a capacity, so that whoever puts waits for whoever takes; or let more tasks take.",
                tasks);
        }
    }

    private void Add(FindingKind kind, FindingSeverity severity, string message, string advice, IReadOnlyList<int> tasks) =>
        findings.Add(new Finding(kind, severity, message, advice, tasks));

    private static string InWords(IReadOnlyList<TaskSnapshot> ring)
    {
        const int most = 20;
        var parts = ring.Take(most).Select(static task => $"{task.Name} #{task.Id} waits for {(task.Waits.Count > 0 ? task.Waits[0].Text : "?")}");
        return $"{string.Join(" -> ", parts)}{(ring.Count > most ? $" -> ... ({ring.Count} tasks)" : "")} -> {ring[0].Name} #{ring[0].Id}";
    }

    private static string Seconds(TimeSpan time) => WaitReport.Seconds(time);
}
