namespace EventLoop.Scheduling;

/// <summary>
/// Counts which tasks are in the ready queue, for queries on the loop's thread. It catches up with the queue when it is queried: each item is counted once
/// when it has come, and once when it has gone, so that a query costs what has happened since the last one, and a loop that nobody queries pays nothing. It
/// knows tasks by their numbers and keeps none alive. Loop thread only.
/// </summary>
internal sealed class ReadyCensus
{
    private const int MostUnasked = 1024;

    private readonly Queue<int> order = new();                    // of what was counted: the task's number, or zero
    private readonly Dictionary<int, int> items = [];             // of each task that has any and has not ended
    private long taken;
    private long put;
    private int endedUnasked;

    /// <summary>How many tasks have an item in the queue.</summary>
    internal int Count => items.Count;

    internal bool Contains(IStepOwner task) => items.ContainsKey(task.Id);

    internal void Update(ReadyQueue ready)
    {
        endedUnasked = 0;
        for (long gone = Math.Min(ready.Taken - taken, order.Count); gone > 0; gone--)
        {
            int id = order.Dequeue();
            if (items.TryGetValue(id, out int left))
            {
                if (left == 1)
                {
                    items.Remove(id);
                }
                else
                {
                    items[id] = left - 1;
                }
            }
        }

        int news = (int)Math.Min(ready.Put - put, ready.Count);
        ready.VisitLast(news, static (item, census) => census.Add(item), this);
        (taken, put) = (ready.Taken, ready.Put);
    }

    private void Add(LoopItem item)
    {
        int id = item.Context?.Owner is { IsCompleted: false } task ? task.Id : 0;
        order.Enqueue(id);
        if (id != 0)
        {
            items[id] = items.GetValueOrDefault(id) + 1;
        }
    }

    /// <summary>False if there was no query for long: then it is not worth keeping.</summary>
    internal bool NoteEnd(IStepOwner task)
    {
        items.Remove(task.Id);
        return ++endedUnasked < MostUnasked + order.Count;
    }
}
