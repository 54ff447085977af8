using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Diagnostics;

/// <summary>Reads one task after another; on a thread other than the loop's, each again until it has not changed meanwhile.</summary>
/// <param name="core">The loop of the tasks.</param>
/// <param name="now">Loop time, in ticks.</param>
/// <param name="ready">The tasks that have something in the ready queue.</param>
internal sealed class TaskReader(LoopCore core, long now, HashSet<LoopTask> ready)
{
    private const int MostLooks = 3;
    private const int DeepestStack = 64;

    private readonly bool here = core.IsInLoopThread;
    private bool isLast;
    private readonly TaskReading reading = new();
    private readonly List<WaitNode> nodes = [];
    private readonly List<IStepOwner> blockers = [];      // most waits have none: of a million tasks each would cost a list
    private readonly Dictionary<object, IReadOnlyList<LoopTask>> borrowers = new(ReferenceEqualityComparer.Instance);

    /// <summary>True: <paramref name="read"/> describes it, until the next one is read. False: it has ended. Null: it changes too fast.</summary>
    internal bool? TryRead(LoopTask task, out TaskReading read)
    {
        read = reading;
        for (int look = 0; look < MostLooks; look++)
        {
            isLast = here || look == MostLooks - 1;
            reading.Clear(task);
            try
            {
                if (task.IsCompleted)
                {
                    return false;
                }

                Read(task);
                if (here || HasHeldStill(task))
                {
                    return !task.IsCompleted;
                }
            }
            catch (Exception) when (!here)
            {
                // It was dismantled while it was being read.
            }
        }

        return task.IsCompleted ? false : null;
    }

    private void Read(LoopTask task)
    {
        uint since = 0;
        bool waits = false;
        Collect(task);
        var innermost = task.LatestAmong(nodes);
        foreach (var node in nodes)
        {
            if (node.VisibleTarget is { } target && !IsKnown(node))
            {
                Read(node, target, reading.AddWait());
                if (node.Context is { } context)
                {
                    since = waits ? Later(since, context.ParkedAt) : context.ParkedAt;
                    waits = true;
                }
            }
        }

        // The most informative wait comes first: a .NET task around one of the loop's own waits says nothing.
        if (reading.Waits.Count > 1)
        {
            reading.Waits.Sort(static (a, b) => (a.Kind == WaitKind.Foreign).CompareTo(b.Kind == WaitKind.Foreign));
        }

        reading.SeemedReady = waits && !here && ready.Contains(task);
        reading.Status = core.IsInStep(task) ? LoopTaskStatus.Running
            : waits && !ready.Contains(task) ? LoopTaskStatus.Waiting
            : LoopTaskStatus.Ready;
        reading.InStatus = TimeSpan.FromTicks(reading.Status == LoopTaskStatus.Waiting ? LoopCore.SinceStamp(since, now) : Math.Max(0, now - core.LookedAt));
        ReadStack(task, innermost);
        ReadScopes(task);
    }

    private void Collect(LoopTask task)
    {
        nodes.Clear();
        task.CollectWaits(nodes);
    }

    private bool IsKnown(WaitNode node)
    {
        foreach (var wait in reading.Waits)
        {
            if (ReferenceEquals(wait.Node, node))
            {
                return true;
            }
        }

        return false;
    }

    private static uint Later(uint a, uint b) => (int)(a - b) > 0 ? a : b;

    private void Read(WaitNode node, IWaitTarget target, WaitReading wait)
    {
        var kind = target.Kind;
        object? resource = target.Resource;
        string gist = target.Gist ?? Gists[(int)kind];
        string text;
        try
        {
            text = target.Describe(node);
        }
        catch (Exception failure) when (isLast)
        {
            // Not because it moves: each look would have had that bad luck.
            text = $"{gist} (its description threw {failure.GetType().Name})";
        }

        string? name = resource switch
        {
            LoopTask task => task.Name,
            Cancellation.Scope { Name: { } given } => given,
            _ => ResourceNames.Of(resource),
        };
        wait.Node = node;
        wait.Target = target;
        wait.Text = text;
        wait.Gist = target.Gist ?? GistOf(kind, text, name);
        wait.Kind = kind;
        wait.Resource = resource;
        wait.Name = name;
        wait.Blockers = BlockersOf(node, target, kind, resource);
        wait.Needs = target.Needs;
        wait.Due = kind == WaitKind.Sleep ? core.Timers.FindDue(node) : null;
    }

    // Without the name that it contains.
    private static string GistOf(WaitKind kind, string text, string? name) => kind switch
    {
        WaitKind.Future or WaitKind.Semaphore or WaitKind.Event or WaitKind.Queue or WaitKind.Channel or WaitKind.Condition when name is not null =>
            text.Replace($" '{name}'", "", StringComparison.Ordinal),
        _ => text,
    };

    private static readonly string[] Gists = [.. Enum.GetNames<WaitKind>().Select(static name => name.ToLowerInvariant())];

    private IReadOnlyList<LoopTask> BlockersOf(WaitNode node, IWaitTarget target, WaitKind kind, object? resource)
    {
        if (kind == WaitKind.Group)
        {
            return [];      // they are found from their own side
        }

        if (kind == WaitKind.Limiter && resource is not null)
        {
            // The same for all who wait there, which may be many.
            if (!borrowers.TryGetValue(resource, out var known))
            {
                borrowers[resource] = known = Collect(node, target);
            }

            return known;
        }

        return Collect(node, target);
    }

    private IReadOnlyList<LoopTask> Collect(WaitNode node, IWaitTarget target)
    {
        blockers.Clear();
        target.CollectBlockers(node, blockers);
        return blockers.Count == 0 ? Array.Empty<LoopTask>() : blockers.ConvertAll(static one => (LoopTask)one);
    }

    private void ReadStack(LoopTask task, WaitNode? innermost)
    {
        for (var node = innermost; node is not null && reading.Stack.Count < DeepestStack; node = (node as CoroutineBox)?.Awaiter)
        {
            if (!here && !ReferenceEquals(node.Context?.Task, task))
            {
                break;
            }

            if (LoopTask.NameOf(node) is { } name)
            {
                reading.Stack.Add(name);
            }
        }
    }

    private void ReadScopes(LoopTask task)
    {
        var place = reading.Waits.Count > 0 ? reading.Waits[0].Node.Context as TaskContext
            : ReferenceEquals(core.Current?.Task, task) ? core.Current as TaskContext
            : null;
        place ??= task.InnermostContext;
        reading.Scopes.Read(task, place.Scope);
        reading.IsCancelPending = reading.Scopes.Judge(task, now, out string? reason, out var remaining);
        reading.CancelReason = reason ?? task.RequestReason;
        reading.Remaining = remaining;
    }

    private bool HasHeldStill(LoopTask task)
    {
        foreach (var wait in reading.Waits)
        {
            if (!ReferenceEquals(wait.Node.VisibleTarget, wait.Target) || !ReferenceEquals(wait.Node.Context?.Task, task))
            {
                return false;
            }
        }

        if (reading.Waits.Count > 0)
        {
            return true;
        }

        Collect(task);
        return LoopTask.ParkedAmong(nodes) is null;
    }
}
