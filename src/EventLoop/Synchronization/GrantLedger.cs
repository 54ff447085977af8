namespace EventLoop.Synchronization;

/// <summary>
/// The releasers of a semaphore that have not been used yet. Permits are anonymous, releasers are not: each can be used once, and a task's own Release uses up
/// the one that it was given last. For that the latest few grants of the latest few tasks are remembered, in a table of fixed size: where permits wander from
/// task to task, nothing accumulates. Loop thread only.
/// </summary>
internal struct GrantLedger
{
    private const int Tasks = 16;              // a power of two
    private const int DeepestPerTask = 8;

    // By task. A used grant keeps its place for the task's next one, so that the usual case stores no reference.
    private SemaphoreGrant?[]? latest;
    private SemaphoreGrant? free;

    internal Releaser Issue(AsyncSemaphore semaphore, LoopTask? task)
    {
        int id = task?.Id ?? 0;
        var grant = (latest ??= new SemaphoreGrant?[Tasks])[id & (Tasks - 1)];
        if (grant is null || grant.IsLive)
        {
            grant = Push(semaphore, id);
        }

        grant.TaskId = id;
        grant.IsLive = true;
        return new Releaser(grant, grant.Ticket);
    }

    /// <summary>Called when a task has returned permits by hand: as many of its releasers are used up, the latest first.</summary>
    internal readonly void Withdraw(LoopTask? task, int count)
    {
        if (latest is null)
        {
            return;
        }

        int id = task?.Id ?? 0;
        for (var grant = latest[id & (Tasks - 1)]; count > 0 && grant is not null && grant.TaskId == id; grant = grant.Older)
        {
            if (grant.IsLive)
            {
                grant.UseUp();
                count--;
            }
        }
    }

    /// <summary>Called when a releaser was used.</summary>
    internal void Remove(SemaphoreGrant grant)
    {
        grant.UseUp();
        if (!grant.IsListed)
        {
            Recycle(grant);
            return;
        }

        ref var slot = ref latest![grant.TaskId & (Tasks - 1)];
        while (slot is { IsLive: false, Older: { } older } spent)
        {
            slot = older;
            Recycle(spent);
        }
    }

    private void Recycle(SemaphoreGrant grant)
    {
        grant.Older = free;
        free = grant;
    }

    private SemaphoreGrant Push(AsyncSemaphore semaphore, int id)
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

        ref var slot = ref latest![id & (Tasks - 1)];
        bool joins = slot is { } newest && newest.TaskId == id && newest.Depth < DeepestPerTask;
        grant.Older = joins ? slot : null;
        grant.Depth = joins ? slot!.Depth + 1 : 1;
        grant.IsListed = true;
        for (var displaced = joins ? null : slot; displaced is not null; displaced = displaced.Older)
        {
            displaced.IsListed = false;
        }

        slot = grant;
        return grant;
    }
}

/// <summary>One permit held by one releaser. Pooled by its semaphore.</summary>
internal sealed class SemaphoreGrant(AsyncSemaphore semaphore) : IReleasable
{
    internal SemaphoreGrant? Older;
    internal int TaskId;
    internal long Ticket;
    internal int Depth;
    internal bool IsLive;

    /// <summary>Whether it is in the table; otherwise only its releaser knows it.</summary>
    internal bool IsListed;

    public void Release(long ticket)
    {
        semaphore.VerifyRelease();
        if (ticket == Ticket)
        {
            semaphore.ReleaseGranted(this);
        }
    }

    internal void UseUp()
    {
        Ticket++;
        IsLive = false;
    }
}
