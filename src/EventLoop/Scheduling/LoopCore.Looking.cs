namespace EventLoop.Scheduling;

// Who runs, who is ready and who waits: for the live view and the statistics.
internal abstract partial class LoopCore
{
    private LoopContext?[] interrupted = new LoopContext?[8];      // those in the middle of whose step another runs; other threads read
    private int interruptedCount;
    private ReadyCensus? census;

    /// <summary>Its step runs now, if only around that of a task that it has started eagerly. Any thread.</summary>
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

    /// <summary>A step of the task stands in the ready queue. On the loop's thread at the cost of what has happened
    /// since the last question, elsewhere of a look through the queue.</summary>
    internal bool IsReady(IStepOwner task) => IsInLoopThread ? Census().Contains(task) : Ready.Any(item => ReferenceEquals(item.Context?.Owner, task));

    /// <summary>How many of so many tasks wait, as their status has it; the same costs.</summary>
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

    /// <summary>It has ended, whatever of it may still stand in the ready queue.</summary>
    internal void NoteEnd(IStepOwner task)
    {
        if (census is not null && !census.NoteEnd(task))
        {
            census = null;
        }
    }

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
