namespace EventLoop.Tasks;

/// <summary>
/// The unfinished tasks, held strongly, in a dense table: the last one takes the place of one that ends. In chunks, so that a million tasks leave no outgrown
/// arrays behind. Loop thread only, but for <see cref="Snapshot"/>, which any thread may ask and which is as good as a moment in a running program can be.
/// </summary>
internal sealed class TaskTable
{
    private const int ChunkBits = 10;
    private const int ChunkSize = 1 << ChunkBits;

    // A struct around the reference: arrays of structs need no covariance check.
    private struct Slot
    {
        internal LoopTask? Task;
    }

    private Slot[][] chunks = [new Slot[ChunkSize]];
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
        chunks[slot >> ChunkBits][slot & (ChunkSize - 1)].Task = task;
        count = slot + 1;
    }

    internal void Remove(LoopTask task)
    {
        int end = count - 1;
        ref var tail = ref chunks[end >> ChunkBits][end & (ChunkSize - 1)].Task;
        var last = tail!;
        tail = null;
        if (!ReferenceEquals(last, task))
        {
            int slot = task.TableSlot;
            last.TableSlot = slot;
            chunks[slot >> ChunkBits][slot & (ChunkSize - 1)].Task = last;
        }

        count = end;
        if (end < (chunkCount - 2) << ChunkBits)
        {
            chunks[--chunkCount] = [];      // one spare chunk stays
        }
    }

    /// <summary>In creation order.</summary>
    internal List<LoopTask> Snapshot()
    {
        var snapshot = new List<LoopTask>(Count);
        foreach (var chunk in Volatile.Read(ref chunks))
        {
            foreach (var slot in chunk ?? [])
            {
                if (slot.Task is { IsCompleted: false } task)
                {
                    snapshot.Add(task);
                }
            }
        }

        snapshot.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        return snapshot;
    }

    private void AddChunk()
    {
        if (chunkCount == chunks.Length)
        {
            Array.Resize(ref chunks, chunkCount * 2);
        }

        chunks[chunkCount++] = new Slot[ChunkSize];
    }
}
