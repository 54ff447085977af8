using System.Diagnostics;

namespace EventLoop.Scheduling;

/// <summary>
/// Deadlines that came in order: a queue in chunks, in which each item knows its place. A cancelled one in the middle leaves a gap, which is removed when
/// either end reaches it, or when there are more gaps than items. Loop thread only.
/// </summary>
/// <remarks>A million tasks may sleep: a deadline takes 16 bytes, because a chunk counts from its first one. So one that comes more than seven minutes after
/// that is not accepted.</remarks>
/// <param name="number">Which of the four runs this is; recorded in an item's slot.</param>
/// <param name="start">The first position, for tests near the last one; it is the first of a chunk.</param>
/// <param name="heap">Receives what is no longer accepted when chunks are merged.</param>
internal sealed class TimerRun(int number, int start = 0, TimerHeap? heap = null)
{
    private struct Place
    {
        internal LoopItem? Item;
        internal uint After;         // the chunk's first deadline, in ticks
        internal int Sequence;
    }

    private sealed class Chunk
    {
        internal readonly Place[] Places = new Place[ChunkSize];
        internal long FirstDue;
    }

    private const int ChunkBits = 10;
    internal const int ChunkSize = 1 << ChunkBits;
    private const int NumberBits = 2;
    internal const int EndOfPositions = 1 << 28;       // so that a position and a number fit into a slot
    private const int FewGaps = ChunkSize;

    private Chunk?[] chunks = [new(), null];      // a ring, addressed by position
    private Chunk? spare;
    private int head = start;       // positions; those of the two ends are never gaps
    private int tail = start;
    private int count;

    internal int Count => count;

    /// <summary>The earliest deadline; only if there is one.</summary>
    internal TimerEntry First => EntryAt(head);

    /// <summary>The latest deadline; only if there is one.</summary>
    internal long LastDue => ChunkAt(tail - 1).FirstDue + At(tail - 1).After;

    internal static int NumberOf(int slot) => ~slot & ((1 << NumberBits) - 1);

    internal static int PositionOf(int slot) => ~slot >> NumberBits;

    /// <summary>Whether a deadline may be appended.</summary>
    internal bool Accepts(long due) =>
        count == 0 || (LastDue <= due && ((tail & (ChunkSize - 1)) == 0 || (ulong)(due - ChunkAt(tail).FirstDue) <= uint.MaxValue));

    /// <summary>Appends a deadline that it accepts.</summary>
    internal void Append(in TimerEntry entry)
    {
        if (tail == EndOfPositions)
        {
            Compact();
            if (!Accepts(entry.Due))
            {
                heap!.Add(entry);      // the end is in the middle of a chunk now
                return;
            }
        }

        if ((tail & (ChunkSize - 1)) == 0 && tail > head)
        {
            PrepareChunk(tail >> ChunkBits);
        }

        var chunk = ChunkAt(tail);
        if ((tail & (ChunkSize - 1)) == 0)
        {
            chunk.FirstDue = entry.Due;
        }

        chunk.Places[tail & (ChunkSize - 1)] = new Place { Item = entry.Item, After = (uint)(entry.Due - chunk.FirstDue), Sequence = entry.Sequence };
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
        if (all[(position >> ChunkBits) & (all.Length - 1)] is not { } chunk)
        {
            return default;
        }

        ref var place = ref chunk.Places[position & (ChunkSize - 1)];
        long due = Volatile.Read(ref chunk.FirstDue) + Volatile.Read(ref place.After);
        var seen = new TimerEntry { Due = due, Item = Volatile.Read(ref place.Item) };
        return Volatile.Read(ref chunk.FirstDue) + Volatile.Read(ref place.After) == due ? seen : default;
    }

    private Chunk ChunkAt(int position) => chunks[(position >> ChunkBits) & (chunks.Length - 1)]!;

    private ref Place At(int position) => ref ChunkAt(position).Places[position & (ChunkSize - 1)];

    private TimerEntry EntryAt(int position) => EntryIn(ChunkAt(position), position);

    private static TimerEntry EntryIn(Chunk chunk, int position)
    {
        ref var place = ref chunk.Places[position & (ChunkSize - 1)];
        return new TimerEntry { Due = chunk.FirstDue + place.After, Item = place.Item, Sequence = place.Sequence };
    }

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
            var larger = new Chunk?[chunks.Length * 2];
            for (int i = first; i < chunk; i++)
            {
                larger[i & (larger.Length - 1)] = chunks[i & (chunks.Length - 1)];
            }

            chunks = larger;
        }

        chunks[chunk & (chunks.Length - 1)] = spare ?? new Chunk();
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
        chunks = [new Chunk(), null];
        head = tail = count = 0;
        for (int position = from; position < to; position++)
        {
            var entry = EntryIn(old[(position >> ChunkBits) & (old.Length - 1)]!, position);
            if (entry.Item is null)
            {
                continue;
            }

            if (Accepts(entry.Due))
            {
                Append(entry);
            }
            else
            {
                heap!.Add(entry);
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
            Debug.Assert(First.Due <= LastDue, "Deadlines stand in their order.");
        }
    }
}
