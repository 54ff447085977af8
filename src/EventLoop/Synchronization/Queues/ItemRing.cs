using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace EventLoop.Synchronization.Queues;

/// <summary>A first-in, first-out buffer in an array that grows by powers of two: a queue without the version field that enumerators of .NET's need, and with
/// the count for free. Loop thread only.</summary>
internal struct ItemRing<T>
{
    private const int SmallestSize = 16;

    // A struct around the item, because arrays of structs need no covariance check.
    private struct Slot
    {
        internal T Item;
    }

    private Slot[]? slots;
    private int head;      // both run freely; the mask maps them into the ring
    private int tail;

    internal readonly int Count => tail - head;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(T item)
    {
        var ring = slots;
        int end = tail;
        if (ring is null || end - head == ring.Length)
        {
            ring = Grow();
            end = tail;
        }

        ring[end & (ring.Length - 1)].Item = item;
        tail = end + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryTake([MaybeNullWhen(false)] out T item)
    {
        int start = head;
        if (start == tail)
        {
            item = default;
            return false;
        }

        var ring = slots!;
        ref var slot = ref ring[start & (ring.Length - 1)];
        item = slot.Item;
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            slot = default;
        }

        head = start + 1;
        return true;
    }

    internal void Clear()
    {
        slots = null;
        head = 0;
        tail = 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Slot[] Grow()
    {
        int count = Count;
        var grown = new Slot[Math.Max(SmallestSize, checked(count * 2))];
        for (int i = 0; i < count; i++)
        {
            grown[i] = slots![(head + i) & (slots.Length - 1)];
        }

        slots = grown;
        head = 0;
        tail = count;
        return grown;
    }
}
