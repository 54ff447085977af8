namespace EventLoop.Scheduling;

/// <summary>
/// Deadlines in any order, in a 4-ary heap: half as deep as a binary one, and the four children lie side by side. Each item knows its place, so cancelling costs O(log n) and lets go of it at once.
/// In chunks, so that it grows without copying and without leaving outgrown arrays behind. Loop thread only.
/// </summary>
internal sealed class TimerHeap
{
    private const int ChunkBits = 10;
    private const int ChunkSize = 1 << ChunkBits;

    private TimerEntry[]?[] chunks = [new TimerEntry[ChunkSize]];
    private int count;

    internal int Count => count;

    /// <summary>The earliest; only when there is one.</summary>
    internal ref readonly TimerEntry First => ref chunks[0]![0];

    internal void Add(TimerEntry entry)
    {
        if ((count & (ChunkSize - 1)) == 0)
        {
            PrepareChunk(count >> ChunkBits);
        }

        SiftUp(count++, entry);
    }

    /// <param name="slot">The item's.</param>
    internal void Remove(int slot)
    {
        int index = slot - 1;
        At(index).Item!.TimerSlot = 0;
        ref var end = ref At(--count);
        var last = end;
        end = default;
        if (index < count)
        {
            if (index > 0 && last.IsBefore(At((index - 1) >> 2)))
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

    private ref TimerEntry At(int index) => ref chunks[index >> ChunkBits]![index & (ChunkSize - 1)];

    private void PrepareChunk(int chunk)
    {
        if (chunk == chunks.Length)
        {
            Array.Resize(ref chunks, chunk * 2);
        }

        chunks[chunk] ??= new TimerEntry[ChunkSize];
    }

    private void SiftUp(int index, TimerEntry entry)
    {
        while (index > 0)
        {
            int parent = (index - 1) >> 2;
            ref var above = ref At(parent);
            if (!entry.IsBefore(above))
            {
                break;
            }

            At(index) = above;
            above.Item!.TimerSlot = index + 1;
            index = parent;
        }

        At(index) = entry;
        entry.Item!.TimerSlot = index + 1;
    }

    private void SiftDown(int index, TimerEntry entry)
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
                if (At(k).IsBefore(At(least)))
                {
                    least = k;
                }
            }

            ref var below = ref At(least);
            if (!below.IsBefore(entry))
            {
                break;
            }

            At(index) = below;
            below.Item!.TimerSlot = index + 1;
            index = least;
        }

        At(index) = entry;
        entry.Item!.TimerSlot = index + 1;
    }
}
