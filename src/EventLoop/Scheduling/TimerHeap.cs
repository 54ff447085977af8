namespace EventLoop.Scheduling;

/// <summary>
/// Deadlines in a 4-ary heap: half as deep as a binary one, and the four children share a cache line. Equal deadlines
/// come out in the order in which they went in. Each item knows its place, so cancelling costs O(log n) and lets go of it at once.
/// In chunks, so that it grows without copying and without leaving outgrown arrays behind. Loop thread only.
/// </summary>
internal sealed class TimerHeap
{
    private const int ChunkBits = 10;
    private const int ChunkSize = 1 << ChunkBits;

    private struct Entry
    {
        internal long Due;
        internal LoopItem Item;
    }

    private Entry[]?[] chunks = [new Entry[ChunkSize]];
    private int count;
    private int sequence;

    internal int Count => count;

    /// <summary>The earliest deadline in ticks of loop time; only when there is one.</summary>
    internal long NextDue => chunks[0]![0].Due;

    /// <summary>Whose deadline that is.</summary>
    internal LoopItem First => chunks[0]![0].Item;

    /// <summary>A place in the order of insertion for a deadline that is kept elsewhere: a virtual clock's timers for foreign code.</summary>
    internal int ReserveSequence() => sequence++;

    internal void Add(long due, LoopItem item)
    {
        if ((count & (ChunkSize - 1)) == 0)
        {
            PrepareChunk(count >> ChunkBits);
        }

        item.TimerSequence = sequence++;
        SiftUp(count++, new Entry { Due = due, Item = item });
    }

    internal LoopItem RemoveFirst()
    {
        var first = First;
        RemoveAt(0);
        return first;
    }

    /// <summary>Does nothing to an item that is in no heap.</summary>
    internal void Remove(LoopItem item)
    {
        if (item.TimerSlot != 0)
        {
            RemoveAt(item.TimerSlot - 1);
        }
    }

    private void RemoveAt(int index)
    {
        At(index).Item.TimerSlot = 0;
        ref var end = ref At(--count);
        var last = end;
        end = default;
        if (index < count)
        {
            if (index > 0 && IsBefore(last, At((index - 1) >> 2)))
            {
                SiftUp(index, last);
            }
            else
            {
                SiftDown(index, last);
            }
        }

        int spare = (count >> ChunkBits) + 2;       // one empty chunk stays
        if (spare < chunks.Length)
        {
            chunks[spare] = null;
        }
    }

    private ref Entry At(int index) => ref chunks[index >> ChunkBits]![index & (ChunkSize - 1)];

    private void PrepareChunk(int chunk)
    {
        if (chunk == chunks.Length)
        {
            Array.Resize(ref chunks, chunk * 2);
        }

        chunks[chunk] ??= new Entry[ChunkSize];
    }

    private void SiftUp(int index, Entry entry)
    {
        while (index > 0)
        {
            int parent = (index - 1) >> 2;
            ref var above = ref At(parent);
            if (!IsBefore(entry, above))
            {
                break;
            }

            At(index) = above;
            above.Item.TimerSlot = index + 1;
            index = parent;
        }

        At(index) = entry;
        entry.Item.TimerSlot = index + 1;
    }

    private void SiftDown(int index, Entry entry)
    {
        while (true)
        {
            int child = (index << 2) + 1;
            if (child >= count)
            {
                break;
            }

            int least = child;
            int end = Math.Min(child + 4, count);
            for (int k = child + 1; k < end; k++)
            {
                if (IsBefore(At(k), At(least)))
                {
                    least = k;
                }
            }

            ref var below = ref At(least);
            if (!IsBefore(below, entry))
            {
                break;
            }

            At(index) = below;
            below.Item.TimerSlot = index + 1;
            index = least;
        }

        At(index) = entry;
        entry.Item.TimerSlot = index + 1;
    }

    // The difference, not the comparison, of two sequence numbers survives their wrapping around.
    private static bool IsBefore(in Entry a, in Entry b) =>
        a.Due < b.Due || (a.Due == b.Due && a.Item.TimerSequence - b.Item.TimerSequence < 0);
}
