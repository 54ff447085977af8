using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>
/// The unfinished tasks, referenced strongly, in a dense table: the last one takes the place of one that ends. It grows in chunks, so that a million tasks
/// leave no outgrown arrays behind. Loop thread only, except <see cref="Snapshot"/>.
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

        task.TableSlot = slot;
        Volatile.Write(ref chunks[slot >> ChunkBits][slot & (ChunkSize - 1)].Task, task);
        Volatile.Write(ref count, slot + 1);
    }

    internal void Remove(LoopTask task)
    {
        int end = count - 1;
        ref var tail = ref chunks[end >> ChunkBits][end & (ChunkSize - 1)].Task;
        var last = tail!;
        if (!ReferenceEquals(last, task))
        {
            int slot = task.TableSlot;
            last.TableSlot = slot;
            Volatile.Write(ref chunks[slot >> ChunkBits][slot & (ChunkSize - 1)].Task, last);
        }

        Volatile.Write(ref tail, null);
        Volatile.Write(ref count, end);
        if (end < (chunkCount - 2) << ChunkBits)
        {
            chunks[--chunkCount] = [];      // one spare chunk is kept
        }
    }

    /// <summary>The tasks in creation order. Any thread; each task that lives throughout the call is included once.</summary>
    internal List<LoopTask> Snapshot() => [.. InOrder(Collect())];

    /// <summary>The same in blocks, for walks through very many of them; some may be included twice. Any thread.</summary>
    internal Blocks<LoopTask> Collect()
    {
        var snapshot = new Blocks<LoopTask>();
        var all = Volatile.Read(ref chunks);
        for (int i = all.Length - 1; i >= 0; i--)
        {
            var chunk = Volatile.Read(ref all[i]) ?? [];
            for (int k = chunk.Length - 1; k >= 0; k--)
            {
                if (Volatile.Read(ref chunk[k].Task) is { IsCompleted: false } task)
                {
                    snapshot.Add(task);
                }
            }
        }

        snapshot.SortBlocks(static (a, b) => a.Id.CompareTo(b.Id));
        return snapshot;
    }

    /// <summary>Sorts them by creation, without duplicates.</summary>
    internal static IEnumerable<LoopTask> InOrder(Blocks<LoopTask> tasks) => tasks.Merge(static task => task.Id);

    private void AddChunk()
    {
        if (chunkCount == chunks.Length)
        {
            var more = new TaskTableSlot[chunkCount * 2][];
            chunks.CopyTo(more, 0);
            Volatile.Write(ref chunks, more);
        }

        Volatile.Write(ref chunks[chunkCount++], new TaskTableSlot[ChunkSize]);
    }
}
