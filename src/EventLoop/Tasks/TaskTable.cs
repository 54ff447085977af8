using System.Runtime.CompilerServices;
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

    [InlineArray(ChunkSize)]
    private struct Tasks
    {
        private LoopTask? first;
    }

    [InlineArray(ChunkSize)]
    private struct Creators
    {
        private int first;
    }

    // Both in the chunk itself: one look at the list of chunks, and the mask is the bounds check. Its own name, because tools recognize by it that only this
    // table references a task.
    private sealed class TaskTableChunk
    {
        private Tasks tasks;
        private Creators creators;      // of the tasks in the same places

        internal ref LoopTask? Task(int slot) => ref Unsafe.Add(ref Unsafe.As<Tasks, LoopTask?>(ref tasks), slot & (ChunkSize - 1));

        internal ref int Creator(int slot) => ref Unsafe.Add(ref Unsafe.As<Creators, int>(ref creators), slot & (ChunkSize - 1));
    }

    private TaskTableChunk?[] chunks = [new()];
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

        var chunk = chunks[slot >> ChunkBits]!;
        chunk.Creator(slot) = task.Place;
        task.Place = ~slot;
        Volatile.Write(ref chunk.Task(slot), task);
        Volatile.Write(ref count, slot + 1);
    }

    internal void Remove(LoopTask task)
    {
        int end = count - 1;
        var tail = chunks[end >> ChunkBits]!;
        int slot = ~task.Place;
        if (slot == end)
        {
            task.Place = tail.Creator(slot);
        }
        else
        {
            var chunk = chunks[slot >> ChunkBits]!;
            var last = tail.Task(end)!;
            task.Place = chunk.Creator(slot);
            chunk.Creator(slot) = tail.Creator(end);
            last.Place = ~slot;
            Volatile.Write(ref chunk.Task(slot), last);
        }

        Volatile.Write(ref tail.Task(end), null);
        Volatile.Write(ref count, end);
        if (end < (chunkCount - 2) << ChunkBits)
        {
            chunks[--chunkCount] = null;      // one spare chunk is kept
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

            var all = Volatile.Read(ref chunks);
            var chunk = ~place >> ChunkBits is var number && number < all.Length ? Volatile.Read(ref all[number]) : null;
            if (chunk is not null && ReferenceEquals(Volatile.Read(ref chunk.Task(~place)), task))
            {
                int creator = Volatile.Read(ref chunk.Creator(~place));
                if (ReferenceEquals(Volatile.Read(ref chunk.Task(~place)), task) && Volatile.Read(ref task.Place) == place)
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
            var chunk = Volatile.Read(ref all[i]);
            for (int k = chunk is null ? -1 : ChunkSize - 1; k >= 0; k--)
            {
                if (Volatile.Read(ref chunk!.Task(k)) is { IsCompleted: false } task)
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
            var more = new TaskTableChunk?[chunkCount * 2];
            chunks.CopyTo(more, 0);
            Volatile.Write(ref chunks, more);
        }

        Volatile.Write(ref chunks[chunkCount++], new TaskTableChunk());
    }
}
