using EventLoop.Executors;

namespace EventLoop;

// The queue of work for workers, in order, and who gets the next piece.
public sealed partial class ProcessExecutor
{
    /// <summary>On its loop. A bad argument fails the work.</summary>
    private void Enqueue(WorkItem item)
    {
        if (closed || closing)
        {
            item.IsDone = true;
            item.Fail(Stopped());
            return;
        }

        item.Id = ++LastItem;
        home!.Loop.Residents.Add(resident);
        if (Options.QueueCapacity > 0 && waiting.Count >= Options.QueueCapacity && idle.Count == 0)
        {
            item.Place = outside.AddLast(item);
        }
        else if (TryPrepare(item))
        {
            item.Place = waiting.AddLast(item);
            Dispatch();
        }
    }

    private bool TryPrepare(WorkItem item)
    {
        try
        {
            item.Prepare(Serializer);
            return true;
        }
        catch (Exception unwritable)
        {
            failed++;
            item.IsDone = true;
            item.Fail(unwritable);
            return false;
        }
    }

    private void Dispatch()
    {
        while (waiting.First is { Value: var item })
        {
            if (idle.Count == 0)
            {
                break;
            }

            waiting.RemoveFirst();
            item.Place = null;
            var worker = idle[^1];
            idle.RemoveAt(idle.Count - 1);
            try
            {
                if (worker.Begin(item))
                {
                    queueTicks += item.BegunAt - item.QueuedAt;
                }
                else
                {
                    PutBack(item);      // the worker died while it was idle
                }
            }
            catch (Exception refused)
            {
                FailAndGiveUp(item, refused);
                worker.Kill(WorkerCrash.Killed);
            }

            TakeFromOutside();
        }

        if (waiting.Count > 0)
        {
            while (waiting.Count > workers.Count(static worker => worker.State == WorkerState.Starting) && Living < most && !closed)
            {
                StartWorker();
            }

            SendAhead();
        }
    }

    // To the busy worker that has the least of it.
    private void SendAhead()
    {
        while (waiting.First is { Value: var item })
        {
            int number = NumberOf(item.Name);
            WorkerHandle? least = null;
            foreach (var worker in workers)
            {
                if (worker.HasRoomFor(item, number) && (least is null || worker.Ahead.Count < least.Ahead.Count))
                {
                    least = worker;
                }
            }

            if (least is null)
            {
                return;
            }

            if (least.SendAhead(item, number))
            {
                waiting.RemoveFirst();
                item.Place = null;
                TakeFromOutside();
            }
        }
    }

    // Its worker has it no more, and has not begun it: it goes before what came later.
    private void TakeBack(WorkItem item)
    {
        item.Worker = null;
        if (item.IsDone)
        {
            item.DropFrame();
            return;
        }

        var later = waiting.First;
        while (later is not null && later.Value.Id - item.Id < 0)      // unlike a comparison, the difference survives wrapping around
        {
            later = later.Next;
        }

        item.Place = later is null ? waiting.AddLast(item) : waiting.AddBefore(later, item);
    }

    // Its worker has ended, and had not begun it; all of them may have been killed while they were idle, but not again and again.
    private void PutBack(WorkItem item)
    {
        const int patience = 3;
        if (++item.Losses < most + patience)
        {
            item.Place = waiting.AddFirst(item);
            return;
        }

        FailAndGiveUp(item, new WorkerStartException($"{item.Losses} worker processes one after the other have ended before they began "
            + $"{item.Name.Display}: they start, and something ends them at once."));
    }

    private void TakeFromOutside()
    {
        while (outside.First is { Value: var item } && waiting.Count < Options.QueueCapacity)
        {
            outside.RemoveFirst();
            item.Place = null;
            if (TryPrepare(item))
            {
                item.Place = waiting.AddLast(item);
            }
        }
    }

    /// <summary>Called when nobody waits for it any more.</summary>
    private void Abandon(WorkItem item)
    {
        if (item.IsDone)
        {
            return;
        }

        canceled++;
        Withdraw(item);
    }

    private void Withdraw(WorkItem item)
    {
        item.IsDone = true;
        if (item.Place is { List: { } list } place)
        {
            list.Remove(place);
            item.Place = null;
            item.DropFrame();
            TakeFromOutside();
            NoteChange();
        }
        else if (item.Worker is { } worker && ReferenceEquals(worker.Item, item))
        {
            worker.GiveUp();
        }
    }

    /// <summary>Fails it here, and gives up what runs there.</summary>
    internal void FailAndGiveUp(WorkItem item, Exception failure)
    {
        if (!item.IsDone)
        {
            failed++;
            Withdraw(item);
            item.Fail(failure);
        }
    }

    internal void OnTimeout(WorkItem item)
    {
        timedOut++;
        Withdraw(item);
        item.Fail(new TimeoutException($"{item.Name.Display} took longer than the {Options.TaskTimeout!.Value.TotalSeconds:0.###} s of "
            + "ProcessExecutorOptions.TaskTimeout; it is cancelled, and its worker ends if it does not heed that."));
    }

    private void FailAll(Exception why)
    {
        foreach (var item in waiting.Concat(outside).ToArray())
        {
            item.IsDone = true;
            item.Place = null;
            item.DropFrame();
            item.Fail(why);
        }

        waiting.Clear();
        outside.Clear();
    }
}
