using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>First in, first out, in a ring whose size is a power of two. Loop thread only.</summary>
internal sealed class ReadyQueue
{
    private const int SmallestSize = 1024;

    // A struct around the reference: arrays of structs need no covariance check.
    private struct Slot
    {
        internal LoopItem? Item;
    }

    private Slot[] ring = new Slot[SmallestSize];
    private int head;      // runs freely; the mask brings it into the ring
    private int tail;

    internal int Count => tail - head;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Enqueue(LoopItem item)
    {
        var items = ring;
        if (tail - head == items.Length)
        {
            Resize(items.Length * 2);
            items = ring;
        }

        items[tail & (items.Length - 1)].Item = item;
        tail++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal LoopItem Dequeue()
    {
        var items = ring;
        ref var slot = ref items[head & (items.Length - 1)];
        var item = slot.Item!;
        slot.Item = null;
        head++;
        return item;
    }

    /// <summary>The i-th item from the front; for snapshots and for the seeded shuffle.</summary>
    internal ref LoopItem? this[int index] => ref ring[(head + index) & (ring.Length - 1)].Item;

    /// <summary>For the live view, from any thread: a look at a queue in motion.</summary>
    internal bool Any(Func<LoopItem, bool> matches)
    {
        var items = ring;
        int count = Count;
        for (int i = 0; i < count; i++)
        {
            if (items[(head + i) & (items.Length - 1)].Item is { } item && matches(item))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Gives memory back after a burst; the loop calls it where it looks at the clock, not in every turn.</summary>
    internal void TrimExcess()
    {
        if (ring.Length > SmallestSize && Count < ring.Length / 8)
        {
            Resize(Math.Max(SmallestSize, ring.Length / 4));
        }
    }

    private void Resize(int size)
    {
        var resized = new Slot[size];
        int count = Count;
        for (int i = 0; i < count; i++)
        {
            resized[i].Item = this[i];
        }

        ring = resized;
        head = 0;
        tail = count;
    }
}
