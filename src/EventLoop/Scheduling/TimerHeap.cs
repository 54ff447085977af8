namespace EventLoop.Scheduling;

/// <summary>
/// Deadlines in a 4-ary heap: half as deep as a binary one, and the four children share a cache line. Equal deadlines
/// come out in the order in which they went in. Each item knows its place, so cancelling costs O(log n) and lets go of it at once.
/// Loop thread only.
/// </summary>
internal sealed class TimerHeap
{
    private const int SmallestSize = 64;

    private struct Entry
    {
        internal long Due;
        internal LoopItem Item;
    }

    private Entry[] entries = new Entry[SmallestSize];
    private int count;
    private int sequence;

    internal int Count => count;

    /// <summary>The earliest deadline in ticks of loop time; only when there is one.</summary>
    internal long NextDue => entries[0].Due;

    /// <summary>Whose deadline that is.</summary>
    internal LoopItem First => entries[0].Item;

    internal void Add(long due, LoopItem item)
    {
        if (count == entries.Length)
        {
            Array.Resize(ref entries, count * 2);
        }

        item.TimerSequence = sequence++;
        SiftUp(count++, new Entry { Due = due, Item = item });
    }

    internal LoopItem RemoveFirst()
    {
        var first = entries[0].Item;
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
        entries[index].Item.TimerSlot = 0;
        var last = entries[--count];
        entries[count] = default;
        if (index < count)
        {
            if (index > 0 && IsBefore(last, entries[(index - 1) >> 2]))
            {
                SiftUp(index, last);
            }
            else
            {
                SiftDown(index, last);
            }
        }

        if (entries.Length > SmallestSize && count < entries.Length / 8)
        {
            Array.Resize(ref entries, entries.Length / 4 < SmallestSize ? SmallestSize : entries.Length / 4);
        }
    }

    private void SiftUp(int index, Entry entry)
    {
        var heap = entries;
        while (index > 0)
        {
            int parent = (index - 1) >> 2;
            if (!IsBefore(entry, heap[parent]))
            {
                break;
            }

            heap[index] = heap[parent];
            heap[index].Item.TimerSlot = index + 1;
            index = parent;
        }

        heap[index] = entry;
        entry.Item.TimerSlot = index + 1;
    }

    private void SiftDown(int index, Entry entry)
    {
        var heap = entries;
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
                if (IsBefore(heap[k], heap[least]))
                {
                    least = k;
                }
            }

            if (!IsBefore(heap[least], entry))
            {
                break;
            }

            heap[index] = heap[least];
            heap[index].Item.TimerSlot = index + 1;
            index = least;
        }

        heap[index] = entry;
        entry.Item.TimerSlot = index + 1;
    }

    // The difference, not the comparison, of two sequence numbers survives their wrapping around.
    private static bool IsBefore(in Entry a, in Entry b) =>
        a.Due < b.Due || (a.Due == b.Due && a.Item.TimerSequence - b.Item.TimerSequence < 0);
}
