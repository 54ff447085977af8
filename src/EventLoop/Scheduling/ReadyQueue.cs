using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>
/// First in, first out. A ring of a power of two, and behind it, when a burst overflows it, more of the same: nothing is ever copied to grow, and what a burst
/// needed is let go of as it drains. Loop thread only.
/// </summary>
internal sealed class ReadyQueue
{
    private const int RingSize = 4096;
    private const int Mask = RingSize - 1;

    // In the ring itself rather than in an array of its own: one hop less, and the mask is the check of bounds.
    [InlineArray(RingSize)]
    private struct Slots
    {
        private LoopItem? first;
    }

    private sealed class Ring
    {
        internal Ring? Next;
        internal int Head;      // both run freely; the mask brings them into the ring
        internal int Tail;
        private Slots slots;

        internal ref LoopItem? this[int position]
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => ref Unsafe.Add(ref Unsafe.As<Slots, LoopItem?>(ref slots), position & Mask);
        }
    }

    private Ring first = new();     // taken from here
    private Ring last;              // put here; the same ring unless a burst has overflowed it
    private Ring? spare;
    private int count;

    internal ReadyQueue() => last = first;

    internal int Count => count;

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
        count++;
    }

    /// <summary>Only when there is one.</summary>
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
        count--;
        return item;
    }

    /// <summary>For the live view, from any thread: a look at a queue in motion.</summary>
    internal bool Any(Func<LoopItem, bool> matches)
    {
        for (var ring = first; ring is not null; ring = ring.Next)
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

    /// <summary>Takes out everything, in order.</summary>
    internal LoopItem[] TakeAll()
    {
        var items = new LoopItem[count];
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
        return ring;
    }

    // The first ring has run dry, and there is one behind it.
    private Ring Advance()
    {
        var empty = first;
        first = empty.Next!;
        empty.Next = null;
        spare = empty;
        return first;
    }
}
