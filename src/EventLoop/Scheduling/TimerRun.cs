using System.Diagnostics;

namespace EventLoop.Scheduling;

/// <summary>
/// Deadlines that came in order: a queue in chunks, in which each item knows its place. A cancelled one in the middle leaves a gap, which is removed when
/// either end reaches it, or when there are more gaps than items. Loop thread only.
/// </summary>
/// <param name="number">Which of the four runs this is; recorded in an item's slot.</param>
/// <param name="start">The first position, for tests near the last one; it is the first of a chunk.</param>
internal sealed class TimerRun(int number, int start = 0)
{
    private const int ChunkBits = 10;
    internal const int ChunkSize = 1 << ChunkBits;
    private const int NumberBits = 2;
    internal const int EndOfPositions = 1 << 28;       // so that a position and a number fit into a slot
    private const int FewGaps = ChunkSize;

    private TimerEntry[]?[] chunks = [new TimerEntry[ChunkSize], null];      // a ring, addressed by position
    private TimerEntry[]? spare;
    private int head = start;       // positions; those of the two ends are never gaps
    private int tail = start;
    private int count;

    internal int Count => count;

    /// <summary>The earliest deadline; only if there is one.</summary>
    internal ref readonly TimerEntry First => ref At(head);

    /// <summary>The latest deadline; only if there is one.</summary>
    internal long LastDue => At(tail - 1).Due;

    internal static int NumberOf(int slot) => ~slot & ((1 << NumberBits) - 1);

    internal static int PositionOf(int slot) => ~slot >> NumberBits;

    /// <summary>Appends a deadline that is not before <see cref="LastDue"/>.</summary>
    internal void Append(in TimerEntry entry)
    {
        if (tail == EndOfPositions)
        {
            Compact();
        }

        if ((tail & (ChunkSize - 1)) == 0 && tail > head)
        {
            PrepareChunk(tail >> ChunkBits);
        }

        At(tail) = entry;
        entry.Item!.TimerSlot = ~((tail << NumberBits) | number);
        tail++;
        count++;
    }

    internal void Remove(LoopItem item)
    {
        At(PositionOf(item.TimerSlot)) = default;
        item.TimerSlot = 0;
        if (--count == 0)
        {
            Clear();
            return;
        }

        while (At(head).Item is null)
        {
            if ((++head & (ChunkSize - 1)) == 0)
            {
                Release((head >> ChunkBits) - 1);
            }
        }

        while (At(tail - 1).Item is null)
        {
            if ((--tail & (ChunkSize - 1)) == 0)
            {
                Release(tail >> ChunkBits);
            }
        }

        if (tail - head > 2 * count + FewGaps)
        {
            Compact();
        }
    }

    /// <summary>The entry in a place, if it does not change meanwhile. Any thread.</summary>
    internal TimerEntry Peek(int slot)
    {
        var all = Volatile.Read(ref chunks);
        int position = PositionOf(slot);
        return all[(position >> ChunkBits) & (all.Length - 1)] is { } chunk ? TimerHeap.Peek(ref chunk[position & (ChunkSize - 1)]) : default;
    }

    private ref TimerEntry At(int position) => ref chunks[(position >> ChunkBits) & (chunks.Length - 1)]![position & (ChunkSize - 1)];

    // The first chunk is always there.
    private void Clear()
    {
        if (tail <= ChunkSize)
        {
            head = tail = 0;
            return;
        }

        for (int chunk = head >> ChunkBits; chunk <= (tail - 1) >> ChunkBits; chunk++)
        {
            Release(chunk);
        }

        head = tail = 0;
        PrepareChunk(0);
    }

    private void PrepareChunk(int chunk)
    {
        int first = head >> ChunkBits;
        if (chunk - first == chunks.Length)
        {
            var larger = new TimerEntry[]?[chunks.Length * 2];
            for (int i = first; i < chunk; i++)
            {
                larger[i & (larger.Length - 1)] = chunks[i & (chunks.Length - 1)];
            }

            chunks = larger;
        }

        chunks[chunk & (chunks.Length - 1)] = spare ?? new TimerEntry[ChunkSize];
        spare = null;
    }

    private void Release(int chunk)
    {
        ref var place = ref chunks[chunk & (chunks.Length - 1)];
        spare ??= place;
        place = null;
    }

    private void Compact()
    {
        var (old, from, to) = (chunks, head, tail);
        chunks = [new TimerEntry[ChunkSize], null];
        head = tail = count = 0;
        for (int position = from; position < to; position++)
        {
            ref var entry = ref old[(position >> ChunkBits) & (old.Length - 1)]![position & (ChunkSize - 1)];
            if (entry.Item is not null)
            {
                Append(entry);
            }
        }
    }

    [Conditional("DEBUG")]
    internal void AssertInvariants()
    {
        Debug.Assert(count >= 0 && count <= tail - head, "There are no more items than places.");
        if (count > 0)
        {
            Debug.Assert(At(head).Item is { } first && PositionOf(first.TimerSlot) == head && NumberOf(first.TimerSlot) == number,
                "The first place is no gap, and its item knows it.");
            Debug.Assert(At(tail - 1).Item is { } latest && PositionOf(latest.TimerSlot) == tail - 1, "The last place is no gap, and its item knows it.");
            Debug.Assert(At(head).Due <= At(tail - 1).Due, "Deadlines stand in their order.");
        }
    }
}
