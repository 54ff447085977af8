using System.Runtime.InteropServices;
using EventLoop.Cancellation;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Diagnostics;

// What a snapshot keeps about the tasks that it lists.
internal sealed partial class SnapshotReader
{
    // In creation order, each as it is when it is enumerated.
    private IEnumerable<TaskSnapshot> ListLater(bool reuses)
    {
        var snapshot = new TaskSnapshot();
        foreach (var task in options.MostTasks < all.Count ? chosen.Take() : all.InOrder())
        {
            if (tasks.TryRead(task, out var reading) == true && Passes(reading))
            {
                snapshot = reuses ? snapshot : new TaskSnapshot();
                Fill(snapshot, reading, stacks.Intern(reading.Stack));
                Complete(snapshot);
                yield return snapshot;
            }
        }
    }

    private TaskSnapshot ToSnapshot(TaskReading reading, string[] stack)
    {
        var snapshot = new TaskSnapshot();
        Fill(snapshot, reading, stack);
        return snapshot;
    }

    private void Fill(TaskSnapshot snapshot, TaskReading reading, string[] stack)
    {
        var task = reading.Task;
        snapshot.Id = task.Id;
        snapshot.Name = ResourceNames.Cut(task.Name);
        snapshot.Status = reading.Status;
        snapshot.InStatus = reading.InStatus;
        snapshot.Waits = reading.Status == LoopTaskStatus.Waiting ? ToSnapshots(reading.Waits) : [];
        snapshot.Stack = stack;
        snapshot.CreatedBy = task.CreatorId == 0 ? null : task.CreatorId;
        snapshot.CreatedAt = task.CreatedAt;
        snapshot.Scopes = ScopesOf(reading);
        snapshot.Remaining = reading.Remaining;
        snapshot.CancelRequests = task.CancelRequests;
        snapshot.IsCancelPending = reading.IsCancelPending;
        snapshot.CancelReason = reading.CancelReason is { } reason ? ResourceNames.Cut(reason) : null;
        snapshot.Activity = Activity(task);
        snapshot.AwaitedBy = [];
        snapshot.AwaitedByCount = 0;
    }

    private TaskActivity? Activity(LoopTask task) => loop.ActivityOf(task);

    private WaitSnapshot[] ToSnapshots(List<WaitReading> waits)
    {
        var snapshots = new WaitSnapshot[waits.Count];
        for (int i = 0; i < snapshots.Length; i++)
        {
            snapshots[i] = ToSnapshot(waits[i]);
        }

        return snapshots;
    }

    private WaitSnapshot ToSnapshot(WaitReading wait) => new(
        wait.Kind,
        ResourceNames.Cut(wait.Text),
        wait.Resource is { } resource ? IdOf(resource) : 0,
        wait.Name is { } name ? ResourceNames.Cut(name) : null,
        wait.Blockers.Count == 0 ? [] : IdsOf(wait),
        wait.Due is { } due ? TimeSpan.FromTicks(due - now) : null);

    // Those who wait for one of several holders of the same thing share one array.
    private int[] IdsOf(WaitReading wait) => wait is { Needs: BlockersNeeded.Any, Resource: { } resource }
        ? CollectionsMarshal.GetValueRefOrAddDefault(holdersOf, resource, out _) ??= FirstIds(wait.Blockers.Select(static task => task.Id))
        : FirstIds(wait.Blockers.Select(static task => task.Id));

    private static int[] FirstIds(IEnumerable<int> all) => [.. all.Distinct().Order().Take(MostIds)];

    // Children of a group that are in nothing else share one array.
    private ScopeSnapshot[] ScopesOf(TaskReading reading)
    {
        if (reading.Scopes.All.Count == 0)
        {
            return [];
        }

        if (reading.Scopes.OwnCount > 0 || reading.Task.Group is not { } group)
        {
            return [.. reading.Scopes.All.Select(ToSnapshot)];
        }

        return CollectionsMarshal.GetValueRefOrAddDefault(scopesOfGroups, group, out _) ??= [.. reading.Scopes.All.Select(ToSnapshot)];
    }

    private ScopeSnapshot ToSnapshot(Scope scope) => CollectionsMarshal.GetValueRefOrAddDefault(scopes, scope, out _) ??= new ScopeSnapshot(
        IdOf(scope),
        scope.Kind,
        (scope.Name ?? ResourceNames.Of(scope)) is { } name ? ResourceNames.Cut(name) : null,
        scope.Host?.Id ?? 0,
        scope.Deadline is { } deadline && deadline != LoopClock.Never ? TimeSpan.FromTicks(deadline - now) : null,
        scope.Shield,
        scope.Cancelled,
        scope.Reason is { } reason ? ResourceNames.Cut(reason) : null);

    private int IdOf(object resource)
    {
        ref int id = ref CollectionsMarshal.GetValueRefOrAddDefault(ids, resource, out bool known);
        if (!known)
        {
            id = ids.Count;
        }

        return id;
    }

    // Adds what only the other tasks know about it.
    private void Complete(TaskSnapshot task)
    {
        if (awaitersOf.TryGetValue(task.Id, out var awaiters))
        {
            task.AwaitedBy = awaiters.First;
            task.AwaitedByCount = awaiters.Count;
        }

        for (int i = 0; i < task.Waits.Count; i++)
        {
            if (task.Waits[i].Kind == WaitKind.Group && blockersOf.TryGetValue(task.Id, out var children))
            {
                ((WaitSnapshot[])task.Waits)[i] = task.Waits[i] with { Blockers = FirstIds(children.Where(static id => id > 0)) };
            }
        }
    }
}
