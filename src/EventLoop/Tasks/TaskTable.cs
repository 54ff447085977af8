using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>
/// The unfinished tasks, referenced strongly, in a dense table: the last one takes the place of one that ends. It grows in chunks, so that a million tasks
/// leave no outgrown arrays behind. Loop thread only, except what reads it.
/// </summary>
/// <remarks>
/// Other threads read it without a lock, from the end to the beginning: a task only moves downwards, and is in its new place before it leaves the old one. So
/// a task that lives throughout the walk is seen, possibly in both places.
/// </remarks>
internal sealed class TaskTable
{
    private const int ChunkBits = 10;
    private const int ChunkSize = 1 << ChunkBits;

    // A struct around the reference, because arrays of structs need no covariance check. Its own name, because tools recognize by it that only this table
    // references a task.
    private struct TaskTableSlot
    {
        internal LoopTask? Task;
    }

    private TaskTableSlot[][] chunks = [new TaskTableSlot[ChunkSize]];
    private int[][] creators = [new int[ChunkSize]];      // of the tasks in the same places
    private int chunkCount = 1;
    private int count;

    internal int Count => Volatile.Read(ref count);

    internal void Add(LoopTask task)
    {
        int slot = count;
        if (slot == chunkCount << ChunkBits)
        {
            AddChunk();
        }

        creators[slot >> ChunkBits][slot & (ChunkSize - 1)] = task.Place;
        task.Place = ~slot;
        Volatile.Write(ref chunks[slot >> ChunkBits][slot & (ChunkSize - 1)].Task, task);
        Volatile.Write(ref count, slot + 1);
    }

    internal void Remove(LoopTask task)
    {
        int end = count - 1;
        ref var tail = ref chunks[end >> ChunkBits][end & (ChunkSize - 1)].Task;
        var last = tail!;
        int slot = ~task.Place;
        ref int creator = ref creators[slot >> ChunkBits][slot & (ChunkSize - 1)];
        task.Place = creator;
        if (!ReferenceEquals(last, task))
        {
            creator = creators[end >> ChunkBits][end & (ChunkSize - 1)];
            last.Place = ~slot;
            Volatile.Write(ref chunks[slot >> ChunkBits][slot & (ChunkSize - 1)].Task, last);
        }

        Volatile.Write(ref tail, null);
        Volatile.Write(ref count, end);
        if (end < (chunkCount - 2) << ChunkBits)
        {
            chunks[--chunkCount] = [];      // one spare chunk is kept
            creators[chunkCount] = [];
        }
    }

    /// <summary>Who made a task that is in the table, or was a moment ago. Any thread.</summary>
    internal int FindCreator(LoopTask task)
    {
        const int MostLooks = 100;
        for (int look = 0; look < MostLooks; look++)
        {
            int place = Volatile.Read(ref task.Place);
            if (place >= 0)
            {
                return place;
            }

            int chunk = ~place >> ChunkBits;
            int at = ~place & (ChunkSize - 1);
            var tasks = Volatile.Read(ref Volatile.Read(ref chunks)[chunk]);
            var makers = Volatile.Read(ref Volatile.Read(ref creators)[chunk]);
            if (at < tasks.Length && at < makers.Length && ReferenceEquals(Volatile.Read(ref tasks[at].Task), task))
            {
                int creator = Volatile.Read(ref makers[at]);
                if (ReferenceEquals(Volatile.Read(ref tasks[at].Task), task) && Volatile.Read(ref task.Place) == place)
                {
                    return creator;
                }
            }
        }

        return 0;      // it moves all the time
    }

    /// <summary>The tasks in creation order. Any thread; each task that lives throughout the call is included once.</summary>
    internal List<LoopTask> Snapshot()
    {
        var all = new Blocks<LoopTask>();
        Collect(all, 0, int.MaxValue);
        return [.. InOrder(all)];
    }

    /// <summary>The same for walks through very many of them, which need not all be referenced at a time. Any thread.</summary>
    internal TaskWalk Walk() => new(this);

    /// <summary>Adds the tasks whose numbers are in a range, some of them possibly twice, sorted in blocks. Any thread.</summary>
    /// <param name="to">Empty.</param>
    /// <param name="above">The number before the least.</param>
    /// <param name="upTo">The greatest.</param>
    internal void Collect(Blocks<LoopTask> to, int above, int upTo)
    {
        foreach (var task in FromTheEnd())
        {
            if (task.Id > above && task.Id <= upTo)
            {
                to.Add(task);
            }
        }

        to.SortBlocks(static (a, b) => a.Id.CompareTo(b.Id));
    }

    /// <summary>The tasks of such blocks in creation order, without duplicates.</summary>
    internal static IEnumerable<LoopTask> InOrder(Blocks<LoopTask> tasks) => tasks.Merge(static task => task.Id);

    /// <summary>The living tasks in no particular order, some of them possibly twice. Any thread.</summary>
    internal IEnumerable<LoopTask> FromTheEnd()
    {
        var all = Volatile.Read(ref chunks);
        for (int i = all.Length - 1; i >= 0; i--)
        {
            var chunk = Volatile.Read(ref all[i]) ?? [];
            for (int k = chunk.Length - 1; k >= 0; k--)
            {
                if (Volatile.Read(ref chunk[k].Task) is { IsCompleted: false } task)
                {
                    yield return task;
                }
            }
        }
    }

    private void AddChunk()
    {
        if (chunkCount == chunks.Length)
        {
            var more = new TaskTableSlot[chunkCount * 2][];
            chunks.CopyTo(more, 0);
            var moreCreators = new int[chunkCount * 2][];
            creators.CopyTo(moreCreators, 0);
            Volatile.Write(ref creators, moreCreators);
            Volatile.Write(ref chunks, more);
        }

        Volatile.Write(ref creators[chunkCount], new int[ChunkSize]);
        Volatile.Write(ref chunks[chunkCount++], new TaskTableSlot[ChunkSize]);
    }
}
