using System.Runtime.InteropServices;
using EventLoop.Cancellation;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Diagnostics;

/// <summary>
/// Reads a loop from any thread, for snapshots, reports, dumps and tools. It never stops the loop and never asks it, so that it works for a stuck loop as for
/// any other. On the loop's own thread nothing changes meanwhile and it is exact; elsewhere each task is read again until it has not changed during the
/// reading.
/// </summary>
/// <remarks>
/// No queue of waiters, set of children or other list is read: who waits for whom is read from the waiter's side, who is in a group from the child's, and both
/// are inverted when all are read. Tasks are kept only as far as they are listed: a million of them pass by one after the other.
/// </remarks>
internal sealed partial class SnapshotReader
{
    internal const int MostIds = 100;

    private const int ManyTasks = 1000;

    private readonly Loop loop;
    private readonly LoopCore core;
    private readonly SnapshotOptions options;
    private readonly TaskReader tasks;
    private readonly HashSet<LoopTask> ready = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<object, int> ids = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<int, LoopTask> blocked = [];
    private readonly SortedDictionary<int, IReadOnlyList<int>> blockersOf = [];
    private readonly Dictionary<int, IReadOnlyList<int>> anyOf = [];       // points of the graph, numbered downwards, for waits that one of several ends
    private readonly Dictionary<object, int> anyOfResource = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<object, int[]> holdersOf = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<int, IdList> awaitersOf = [];
    private readonly Dictionary<Scope, List<int>> childrenOf = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Scope, int> joinOf = new(ReferenceEqualityComparer.Instance);
    private readonly List<(int Task, Scope Group)> joins = [];
    private readonly Dictionary<Scope, ScopeSnapshot> scopes = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<object, ScopeSnapshot[]> scopesOfGroups = new(ReferenceEqualityComparer.Instance);
    private readonly StackTable stacks = new();
    private readonly BunchTable bunches = new();
    private readonly Longest chosen;
    private readonly List<TaskSnapshot> listed = [];
    private readonly ProblemFinder problems;
    private readonly TaskWalk all;
    private readonly long now;
    private int seen;
    private bool listsLater;      // most are not listed, or only as they are written: each of these is read once more then
    private int unread;
    private int ended;
    private LoopDelay? delay;

    private SnapshotReader(Loop loop, SnapshotOptions options)
    {
        this.loop = loop;
        this.options = options;
        core = loop.Core;
        now = core.Clock.Now;
        all = core.Tasks.Walk();
        tasks = new TaskReader(core, now, ready);
        problems = new ProblemFinder();
        chosen = new Longest(options.MostTasks);
    }

    /// <exception cref="ArgumentOutOfRangeException">The options ask for a negative number of tasks.</exception>
    internal static LoopSnapshot Take(Loop loop, SnapshotOptions? options = null)
    {
        options ??= new SnapshotOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(options.MostTasks, nameof(options));
        return new SnapshotReader(loop, options).Take(writes: false);
    }

    /// <summary>Writes the same as JSON: of many tasks none is kept, each is read again when it is written. One that has ended by then is not listed.
    /// </summary>
    /// <param name="loop">The loop.</param>
    /// <param name="options">What is listed.</param>
    /// <param name="to">Receives the bytes.</param>
    /// <param name="delay">How late the loop was, if somebody measures it.</param>
    internal static void Write(Loop loop, SnapshotOptions options, Stream to, LoopDelay? delay = null)
    {
        var reader = new SnapshotReader(loop, options) { delay = delay };
        var snapshot = reader.Take(writes: true);
        SnapshotJson.Write(snapshot, to, reader.listsLater ? reader.ListLater(reuses: true) : null);
    }

    private LoopSnapshot Take(bool writes)
    {
        bool exact = core.IsInLoopThread;
        var statistics = loop.Statistics;
        var running = ReadRunning();
        listsLater = all.Count > (writes ? Math.Min(options.MostTasks, ManyTasks) : options.MostTasks);
        LookForReady();
        var again = new List<LoopTask>();
        foreach (var task in all.InOrder())
        {
            seen++;
            See(task, again);
        }

        if (again.Count > 0)
        {
            ready.Clear();
            LookForReady();
            foreach (var task in again)
            {
                See(task, null);
            }
        }

        TurnRound();
        var cycles = FindCycles();
        listed.ForEach(Complete);
        if (listsLater && !writes)
        {
            listed.AddRange(ListLater(reuses: false));
        }

        return new LoopSnapshot
        {
            LoopId = loop.Id,
            LoopName = ResourceNames.Cut(loop.Name),
            TakenAt = UtcNow(),
            LoopTime = TimeSpan.FromTicks(now),
            IsExact = exact,
            Statistics = statistics,
            Running = running,
            TaskCount = seen - ended,
            Unread = unread,
            Thread = core.IsRunning ? core.NativeThread : 0,
            SinceLook = core.IsRunning ? TimeSpan.FromTicks(Math.Max(0, now - core.LookedAt)) : null,
            IsRunning = core.IsRunning,
            Delay = delay,
            Tasks = listed,
            Bunches = bunches.ToList(),
            Cycles = cycles,
            Resources = ReadResources(),
            Stalls = loop.DiagnosticsIfAny?.LastStalls ?? [],
            Findings = problems.Find(running, cycles, core, loop.DiagnosticsIfAny?.StallLimit),
        };
    }

    private List<ResourceSnapshot> ReadResources()
    {
        var found = new List<ResourceSnapshot>();
        foreach (var (resource, name) in ResourceNames.All<ICounted>())
        {
            if (ReferenceEquals(resource.UsedBy, core))
            {
                var figures = resource.Figures;
                found.Add(new ResourceSnapshot(resource.Kind, name, figures.Count, figures.Capacity, figures.PeakCount, figures.Waiting, figures.PeakWaiting));
            }
        }

        return [.. found.OrderByDescending(static one => one.Waiting).ThenByDescending(static one => one.Count)
            .ThenBy(static one => one.Name, StringComparer.Ordinal).Take(MostIds)];
    }

    private DateTimeOffset UtcNow()
    {
        try
        {
            return loop.Options.TimeProvider.GetUtcNow();
        }
        catch (Exception)
        {
            return DateTimeOffset.UtcNow;      // a user's clock
        }
    }

    private StepSnapshot? ReadRunning()
    {
        if (core.Current is not { } context)
        {
            return null;
        }

        return new StepSnapshot(context.Task?.Id, context.Task is { } task ? ResourceNames.Cut(task.Label) : "a callback", loop.StepElapsed());
    }

    private void LookForReady() => core.Ready.Any(item =>
    {
        if (item.Context?.Task is { } task)
        {
            ready.Add(task);
        }

        return false;
    });

    // ---- One task after another

    private void See(LoopTask task, List<LoopTask>? again)
    {
        switch (tasks.TryRead(task, out var reading))
        {
            case null:
                unread++;
                return;
            case false:
                ended++;
                return;
        }

        if (reading.SeemedReady && again is not null)
        {
            again.Add(task);
            return;
        }

        string[] stack = stacks.Intern(reading.Stack);
        NoteWaits(reading);
        problems.See(reading, Activity(task));
        if (!Passes(reading))
        {
            return;
        }

        var wait = reading.Waits.Count > 0 && reading.Status == LoopTaskStatus.Waiting ? reading.Waits[0] : null;
        bunches.Add(
            task.Id, reading.Status, reading.InStatus, wait?.Kind, wait?.Gist, wait?.Kind is WaitKind.Task or WaitKind.Group ? null : wait?.Name, wait is null
                ? null : ResourceNames.Cut(wait.Text), stack);
        List(reading, stack);
    }

    private bool Passes(TaskReading reading) => options.Filter is null || Passes(reading, options.Filter);

    private static bool Passes(TaskReading reading, string filter) =>
        reading.Task.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)
        || reading.Stack.Exists(method => method.Contains(filter, StringComparison.OrdinalIgnoreCase));

    private void List(TaskReading reading, string[] stack)
    {
        if (!listsLater)
        {
            listed.Add(ToSnapshot(reading, stack));
        }
        else if (options.MostTasks < all.Count)
        {
            chosen.Add(reading.Task, reading.InStatus);
        }
    }

    // What has to be known about all tasks, listed or not: who waits for whom.
    private void NoteWaits(TaskReading reading)
    {
        int id = reading.Task.Id;
        if (reading.Task.Group?.Scope is { } group)
        {
            (CollectionsMarshal.GetValueRefOrAddDefault(childrenOf, group, out _) ??= []).Add(id);
        }

        List<int>? blockers = null;
        foreach (var wait in reading.Waits)
        {
            if (wait is { Kind: WaitKind.Group, Resource: Scope joined })
            {
                joins.Add((id, joined));
                joinOf[joined] = id;
                blocked[id] = reading.Task;
            }

            if (wait.Blockers.Count == 0)
            {
                continue;
            }

            NoteBlockers(wait, blockers ??= []);
            if (wait.Kind is WaitKind.Task or WaitKind.Gather)
            {
                foreach (var blocker in wait.Blockers)
                {
                    (CollectionsMarshal.GetValueRefOrAddDefault(awaitersOf, blocker.Id, out _) ??= new IdList()).Add(id);
                }
            }
        }

        if (blockers is not null)
        {
            blockersOf[id] = blockers;
            blocked[id] = reading.Task;
        }
    }

    private void NoteBlockers(WaitReading wait, List<int> blockers)
    {
        switch (wait.Needs)
        {
            case BlockersNeeded.All:
                blockers.AddRange(wait.Blockers.Select(static blocker => blocker.Id));
                break;
            case BlockersNeeded.Any when wait.Resource is { } resource:
                // All who wait there share the point: waiters times holders would be too many.
                ref int shared = ref CollectionsMarshal.GetValueRefOrAddDefault(anyOfResource, resource, out bool known);
                shared = known ? shared : NewPoint(wait);
                blockers.Add(shared);
                break;
            case BlockersNeeded.Any:
                blockers.Add(NewPoint(wait));
                break;
        }
    }

    private int NewPoint(WaitReading wait)
    {
        int point = -1 - anyOf.Count;
        anyOf.Add(point, [.. wait.Blockers.Select(static blocker => blocker.Id)]);
        return point;
    }

    private void TurnRound()
    {
        foreach (var (task, group) in joins)
        {
            var children = childrenOf.GetValueOrDefault(group) ?? [];
            blockersOf[task] = blockersOf.TryGetValue(task, out var others) ? [.. others, .. children] : children;
            foreach (int child in children)
            {
                (CollectionsMarshal.GetValueRefOrAddDefault(awaitersOf, child, out _) ??= new IdList()).Add(task);
            }
        }
    }

    // ---- Cycles

    // On another thread the waits were read one after another. A cycle counts if it is still there when all of it has been read: then there was a moment at
    // which it was complete.
    private List<IReadOnlyList<TaskSnapshot>> FindCycles()
    {
        var found = new List<IReadOnlyList<TaskSnapshot>>();
        foreach (int[] ring in CycleFinder.Find(blockersOf, anyOf))
        {
            var whole = new List<TaskSnapshot>(ring.Length);
            for (int i = 0; i < ring.Length; i++)
            {
                int next = ring[(i + 1) % ring.Length];
                if (tasks.TryRead(blocked[ring[i]], out var reading) != true || !IsBlockedBy(reading, next))
                {
                    break;
                }

                var task = ToSnapshot(reading, stacks.Intern(reading.Stack));
                Complete(task);
                whole.Add(task);
            }

            if (whole.Count == ring.Length)
            {
                found.Add(whole);
            }
        }

        return found;
    }

    private bool IsBlockedBy(TaskReading reading, int blocker)
    {
        foreach (var wait in reading.Waits)
        {
            if (wait is { Kind: WaitKind.Group, Resource: Scope joined } ? childrenOf.GetValueOrDefault(joined)?.Contains(blocker) == true
                : wait.Blockers.Any(one => one.Id == blocker))
            {
                return true;
            }
        }

        return false;
    }

    private sealed class IdList
    {
        private readonly List<int> first = [];
        private int latest;

        internal int Count { get; private set; }

        internal IReadOnlyList<int> First => first;

        internal void Add(int id)
        {
            if (id == latest)
            {
                return;      // the same task by another of its waits, or twice in one gather
            }

            latest = id;
            Count++;
            if (first.Count < MostIds)
            {
                first.Add(id);
            }
        }
    }
}
