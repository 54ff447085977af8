using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>
/// First in, first out. A ring whose size is a power of two, and more of them after it when a burst overflows it: nothing is ever copied to grow, and what a
/// burst needed is released as it drains. Loop thread only.
/// </summary>
internal sealed class ReadyQueue
{
    private const int RingSize = 4096;
    private const int Mask = RingSize - 1;

    // In the ring itself rather than in an array of its own: one indirection less, and the mask is the bounds check.
    [InlineArray(RingSize)]
    private struct Slots
    {
        private LoopItem? first;
    }

    private sealed class Ring
    {
        internal Ring? Next;
        internal int Head;      // both run freely; the mask maps them into the ring
        internal int Tail;
        private Slots slots;

        internal ref LoopItem? this[int position]
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => ref Unsafe.Add(ref Unsafe.As<Slots, LoopItem?>(ref slots), position & Mask);
        }
    }

    private Ring first = new();     // items are taken from here
    private Ring last;              // items are put here; the same ring unless a burst has overflowed it
    private Ring? spare;
    private long put;       // how many were put,
    private long taken;     // and how many were taken

    internal ReadyQueue() => last = first;

    /// <summary>Any thread; exact on the loop's.</summary>
    internal int Count => (int)Math.Max(0, put - taken);

    internal long Put => put;

    internal long Taken => taken;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Enqueue(LoopItem item)
    {
        var ring = last;
        if (ring.Tail - ring.Head == RingSize)
        {
            ring = Overflow();
        }

        ring[ring.Tail] = item;
        ring.Tail++;
        put++;
    }

    /// <summary>What was put last. Only if there is one.</summary>
    internal LoopItem Newest => last[last.Tail - 1]!;

    /// <summary>Only if there is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal LoopItem Dequeue()
    {
        var ring = first;
        if (ring.Head == ring.Tail)
        {
            ring = Advance();
        }

        ref var slot = ref ring[ring.Head];
        var item = slot!;
        slot = null;
        ring.Head++;
        taken++;
        return item;
    }

    /// <summary>For the live view, from any thread: reads a queue that changes meanwhile.</summary>
    internal bool Any(Func<LoopItem, bool> matches)
    {
        int most = (Count / RingSize) + 2;       // the rings that it sees may be reused behind themselves meanwhile
        for (var ring = first; ring is not null && most > 0; ring = ring.Next, most--)
        {
            int tail = ring.Tail;
            for (int i = ring.Head; tail - i > 0; i++)       // the head may have passed what was the tail a moment ago
            {
                if (ring[i] is { } item && matches(item))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Visits the newest items in order.</summary>
    internal void VisitLast<TState>(int number, Action<LoopItem, TState> visit, TState state)
    {
        int skip = Count - number;
        for (var ring = first; ring is not null; ring = ring.Next)
        {
            int passed = Math.Min(skip, ring.Tail - ring.Head);
            skip -= passed;
            for (int i = ring.Head + passed; i != ring.Tail; i++)
            {
                visit(ring[i]!, state);
            }
        }
    }

    /// <summary>Removes all items, in order.</summary>
    internal LoopItem[] TakeAll()
    {
        var items = new LoopItem[Count];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = Dequeue();
        }

        return items;
    }

    private Ring Overflow()
    {
        var ring = spare ?? new Ring();
        spare = null;
        last.Next = ring;
        last = ring;
        AssertInvariants();
        return ring;
    }

    // The first ring is empty, and there is one after it.
    private Ring Advance()
    {
        var empty = first;
        first = empty.Next!;
        empty.Next = null;
        spare = empty;
        AssertInvariants();
        return first;
    }

    [Conditional("DEBUG")]
    internal void AssertInvariants()
    {
        long found = 0;
        for (var ring = first; ring is not null; ring = ring.Next)
        {
            Debug.Assert(ring.Tail - ring.Head is >= 0 and <= RingSize, "A ring holds between nothing and all of its places.");
            Debug.Assert(ring.Next is not null || ReferenceEquals(ring, last), "The chain of rings ends with the one that is put into.");
            Debug.Assert(ring.Next is null || ring.Tail - ring.Head == RingSize || ReferenceEquals(ring, first), "Only the last ring has room.");
            found += ring.Tail - ring.Head;
        }

        Debug.Assert(found == put - taken, "What went in and has not come out stands in the rings.");
    }
}
