using EventLoop.Scheduling;

namespace EventLoop.Synchronization;

/// <summary>
/// The releasers that a semaphore has given out and that are still good. Permits are anonymous, releasers are not: each is good once, and a task's own
/// Release uses up the one that it was given last. For that the latest few grants of the latest few tasks are remembered, in a table of fixed
/// size: where permits wander from task to task nothing piles up. Loop thread only.
/// </summary>
internal struct GrantBook
{
    private const int Tasks = 16;              // a power of two
    private const int DeepestPerTask = 8;

    private SemaphoreGrant?[]? latest;         // by task; linked by Older
    private SemaphoreGrant? free;

    internal Releaser Issue(AsyncSemaphore semaphore)
    {
        var grant = free;
        if (grant is null)
        {
            grant = new SemaphoreGrant(semaphore);
        }
        else
        {
            free = grant.Older;
        }

        var context = LoopCore.Running?.Current?.Task;
        ref var slot = ref SlotOf(context);
        grant.Task = context;
        if (slot is { } older && ReferenceEquals(older.Task, context) && older.Depth < DeepestPerTask)
        {
            grant.Older = older;
            grant.Depth = older.Depth + 1;
        }
        else
        {
            grant.Older = null;
            grant.Depth = 1;
        }

        slot = grant;
        return new Releaser(grant, grant.Ticket);
    }

    /// <summary>The running task gives back so many permits by hand: as many of its releasers are used up, the latest first.</summary>
    internal void Withdraw(int count)
    {
        if (latest is null)
        {
            return;
        }

        var task = LoopCore.Running?.Current?.Task;
        ref var slot = ref SlotOf(task);
        for (; count > 0 && slot is { } grant && ReferenceEquals(grant.Task, task); count--)
        {
            slot = grant.Older;
            Recycle(grant);
        }
    }

    /// <summary>A releaser was used.</summary>
    internal void Remove(SemaphoreGrant grant)
    {
        ref var slot = ref SlotOf(grant.Task);
        if (ReferenceEquals(slot, grant))
        {
            slot = grant.Older;
        }
        else
        {
            for (var newer = slot; newer is not null; newer = newer.Older)
            {
                if (ReferenceEquals(newer.Older, grant))
                {
                    newer.Older = grant.Older;
                    break;
                }
            }
        }

        Recycle(grant);
    }

    private void Recycle(SemaphoreGrant grant)
    {
        grant.Ticket++;
        grant.Task = null;
        grant.Older = free;
        free = grant;
    }

    private ref SemaphoreGrant? SlotOf(LoopTask? task) => ref (latest ??= new SemaphoreGrant?[Tasks])[(task?.Id ?? 0) & (Tasks - 1)];
}

/// <summary>One permit in the hands of one releaser. Pooled by its semaphore.</summary>
internal sealed class SemaphoreGrant(AsyncSemaphore semaphore) : IReleasable
{
    internal SemaphoreGrant? Older;
    internal LoopTask? Task;
    internal int Ticket;
    internal int Depth;

    public void Release(int ticket)
    {
        semaphore.VerifyRelease();
        if (ticket == Ticket)
        {
            semaphore.Grants.Remove(this);
            semaphore.ReleaseGranted();
        }
    }
}
