using System.Diagnostics;

namespace EventLoop.Scheduling;

/// <summary>
/// Deadlines in any order, in a 4-ary heap: half as deep as a binary one, with the four children side by side. Each item knows its place. A cancelled one
/// leaves a gap there, which is removed when it gets to the top, or when there are more gaps than items; so cancelling costs amortized O(1), as in asyncio,
/// and releases the item at once. In chunks, so that it grows without copying and without leaving outgrown arrays behind. Loop thread only.
/// </summary>
internal sealed class TimerHeap
{
    private const int ChunkBits = 10;
    private const int ChunkSize = 1 << ChunkBits;
    private const int FewGaps = 64;

    private TimerEntry[]?[] chunks = [new TimerEntry[ChunkSize]];
    private int count;      // of entries, gaps included
    private int gaps;       // the first entry is never a gap

    /// <summary>The number of items.</summary>
    internal int Count => count - gaps;

    /// <summary>The earliest deadline; only if there is one.</summary>
    internal ref readonly TimerEntry First => ref chunks[0]![0];

    internal void Add(TimerEntry entry)
    {
        if ((count & (ChunkSize - 1)) == 0)
        {
            PrepareChunk(count >> ChunkBits);
        }

        SiftUp(count++, entry);
    }

    /// <param name="slot">That of the item.</param>
    internal void Remove(int slot)
    {
        ref var entry = ref At(slot - 1);
        entry.Item!.TimerSlot = 0;
        entry.Item = null;
        gaps++;
        if (gaps > FewGaps && gaps > count / 2)
        {
            Compact();
        }

        while (count > 0 && First.Item is null)
        {
            RemoveFirstGap();
        }
    }

    /// <summary>The entry in a place, if it does not change meanwhile. Any thread.</summary>
    internal TimerEntry Peek(int slot)
    {
        var all = Volatile.Read(ref chunks);
        int index = slot - 1;
        return index >> ChunkBits < all.Length && all[index >> ChunkBits] is { } chunk ? Peek(ref chunk[index & (ChunkSize - 1)]) : default;
    }

    /// <summary>Reads an entry that may be overwritten meanwhile; then the result is empty.</summary>
    internal static TimerEntry Peek(ref TimerEntry entry)
    {
        var seen = new TimerEntry { Due = Volatile.Read(ref entry.Due), Item = Volatile.Read(ref entry.Item) };
        return Volatile.Read(ref entry.Due) == seen.Due ? seen : default;
    }

    private void RemoveFirstGap()
    {
        gaps--;
        ref var end = ref At(--count);
        var last = end;
        end = default;
        if (count > 0)
        {
            SiftDown(0, last);
        }

        ReleaseChunks();
    }

    private void Compact()
    {
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            ref var entry = ref At(i);
            if (entry.Item is not null)
            {
                Put(kept++, entry);
            }
        }

        for (int i = kept; i < count; i++)
        {
            At(i) = default;
        }

        count = kept;
        gaps = 0;
        ReleaseChunks();
        for (int parent = (kept - 2) >> 2; parent >= 0; parent--)
        {
            SiftDown(parent, At(parent));
        }
    }

    // One empty chunk is kept.
    private void ReleaseChunks()
    {
        for (int spare = (count >> ChunkBits) + 2; spare < chunks.Length && chunks[spare] is not null; spare++)
        {
            chunks[spare] = null;
        }
    }

    private void Put(int index, in TimerEntry entry)
    {
        At(index) = entry;
        if (entry.Item is not null)
        {
            entry.Item.TimerSlot = index + 1;
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

            Put(index, above);
            index = parent;
        }

        Put(index, entry);
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

            Put(index, below);
            index = least;
        }

        Put(index, entry);
    }

    /// <summary>Checks the top: checking a whole heap would cost too much at each change.</summary>
    [Conditional("DEBUG")]
    internal void AssertInvariants()
    {
        const int shown = 21;      // the top, its children and theirs
        Debug.Assert(gaps >= 0 && gaps <= count, "There are no more gaps than entries.");
        Debug.Assert(count == 0 || First.Item is not null, "The first entry is never a gap.");
        for (int i = 0; i < Math.Min(count, shown); i++)
        {
            Debug.Assert(At(i).Item is not { } item || item.TimerSlot == i + 1, "An item knows its place.");
            Debug.Assert(i == 0 || !At(i).IsBefore(At((i - 1) >> 2)), "No entry is before the one above it.");
        }
    }
}
