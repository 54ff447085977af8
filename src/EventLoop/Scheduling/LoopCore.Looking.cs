namespace EventLoop.Scheduling;

// Who is running, who is ready and who waits: for the live view and the statistics.
internal abstract partial class LoopCore
{
    private LoopContext?[] interrupted = new LoopContext?[8];      // those whose step another one interrupts; read by other threads
    private int interruptedCount;
    private ReadyCensus? census;

    /// <summary>Whether a step of the task is running, possibly around that of a task that it has started eagerly. Any thread.</summary>
    internal bool IsInStep(IStepOwner task)
    {
        if (ReferenceEquals(Current?.Owner, task))
        {
            return true;
        }

        var around = Volatile.Read(ref interrupted);
        for (int i = Math.Min(Volatile.Read(ref interruptedCount), around.Length) - 1; i >= 0; i--)
        {
            if (ReferenceEquals(around[i]?.Owner, task))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a step of the task is in the ready queue. On the loop's thread this costs what has happened since the previous call, elsewhere a walk
    /// through the queue.</summary>
    internal bool IsReady(IStepOwner task) => IsInLoopThread ? Census().Contains(task) : Ready.Any(item => ReferenceEquals(item.Context?.Owner, task));

    /// <summary>How many of <paramref name="tasks"/> tasks wait, by their status; at the same cost.</summary>
    internal int CountWaiting(int tasks)
    {
        var others = new HashSet<IStepOwner>(ReferenceEqualityComparer.Instance);
        int busy = 0;
        if (IsInLoopThread)
        {
            var ready = Census();
            busy = ready.Count;
            AddSteps(others, ready);
        }
        else
        {
            Ready.Any(item =>
            {
                if (item.Context?.Owner is { IsCompleted: false } task)
                {
                    others.Add(task);
                }

                return false;
            });
            AddSteps(others, null);
        }

        return Math.Max(0, tasks - busy - others.Count);
    }

    private void AddSteps(HashSet<IStepOwner> tasks, ReadyCensus? but)
    {
        Add(Current);
        var around = Volatile.Read(ref interrupted);
        for (int i = Math.Min(Volatile.Read(ref interruptedCount), around.Length) - 1; i >= 0; i--)
        {
            Add(around[i]);
        }

        void Add(LoopContext? context)
        {
            if (context?.Owner is { IsCompleted: false } task && but?.Contains(task) != true)
            {
                tasks.Add(task);
            }
        }
    }

    private ReadyCensus Census()
    {
        census ??= new ReadyCensus();
        census.Update(Ready);
        return census;
    }

    /// <summary>Notes that the task has ended, whatever of it may still be in the ready queue.</summary>
    internal void NoteEnd(IStepOwner task)
    {
        if (census is not null && !census.NoteEnd(task))
        {
            census = null;
        }
    }

    /// <summary>The context of the running step, whatever runs inside it; null: none, or a raw step. Any thread.</summary>
    internal LoopContext? Outermost => Volatile.Read(ref interruptedCount) > 0 ? Volatile.Read(ref interrupted)[0] : Current;

    private void PushInterrupted(LoopContext? context)
    {
        if (interruptedCount == interrupted.Length)
        {
            var more = new LoopContext?[interrupted.Length * 2];
            interrupted.CopyTo(more, 0);
            Volatile.Write(ref interrupted, more);
        }

        interrupted[interruptedCount] = context;
        Volatile.Write(ref interruptedCount, interruptedCount + 1);
    }

    private void PopInterrupted()
    {
        Volatile.Write(ref interruptedCount, interruptedCount - 1);
        interrupted[interruptedCount] = null;
    }
}
