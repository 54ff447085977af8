using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace EventLoop.Synchronization.Queues;

/// <summary>The order in which a queue returns what it holds, where that is not first in, first out; for that there is <see cref="ItemRing{T}"/>.</summary>
[StackTraceHidden]
internal abstract class ItemStore<T>
{
    internal abstract int Count { get; }

    internal abstract void Add(T item);

    internal abstract bool TryTake([MaybeNullWhen(false)] out T item);

    internal abstract void Clear();
}

/// <summary>Last in, first out.</summary>
[StackTraceHidden]
internal sealed class LastInStore<T> : ItemStore<T>
{
    private readonly Stack<T> items = new();

    internal override int Count => items.Count;

    internal override void Add(T item) => items.Push(item);

    internal override bool TryTake([MaybeNullWhen(false)] out T item) => items.TryPop(out item);

    internal override void Clear() => items.Clear();
}

/// <summary>The lowest priority value first, and first in, first out among equal ones, which .NET's priority queue does not promise.</summary>
/// <remarks>The comparer is user code: what it throws fails the operation, so nothing is moved before everything is compared.</remarks>
[StackTraceHidden]
internal sealed class PriorityStore<TElement, TPriority>(IComparer<TPriority>? comparer) : ItemStore<(TElement Element, TPriority Priority)>
{
    private const int SmallestSize = 16;
    private const int MostLevels = 32;

    [StackTraceHidden]
    private struct Entry
    {
        internal (TElement Element, TPriority Priority) Item;
        internal long Order;
    }

    private readonly IComparer<TPriority> comparer = comparer ?? Comparer<TPriority>.Default;
    private Entry[] heap = new Entry[SmallestSize];
    private int count;
    private long order;

    internal override int Count => count;

    internal override void Add((TElement Element, TPriority Priority) item)
    {
        if (count == heap.Length)
        {
            Array.Resize(ref heap, count * 2);
        }

        var entry = new Entry { Item = item, Order = order++ };
        int place = count;
        while (place > 0 && IsBefore(entry, heap[(place - 1) >> 1]))
        {
            place = (place - 1) >> 1;
        }

        int index = count++;
        while (index > place)
        {
            int parent = (index - 1) >> 1;
            heap[index] = heap[parent];
            index = parent;
        }

        heap[index] = entry;
    }

    internal override bool TryTake(out (TElement Element, TPriority Priority) item)
    {
        if (count == 0)
        {
            item = default;
            return false;
        }

        Span<int> path = stackalloc int[MostLevels];
        int levels = PathDown(path);
        item = heap[0].Item;
        int index = 0;
        foreach (int child in path[..levels])
        {
            heap[index] = heap[child];
            index = child;
        }

        heap[index] = heap[--count];
        heap[count] = default;
        return true;
    }

    internal override void Clear()
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<Entry>())
        {
            Array.Clear(heap, 0, count);
        }

        count = 0;
    }

    // The places whose entries move up by one when the last entry replaces the first.
    private int PathDown(Span<int> path)
    {
        int levels = 0;
        int end = count - 1;
        int index = 0;
        while ((index << 1) + 1 < end)
        {
            int child = (index << 1) + 1;
            if (child + 1 < end && IsBefore(heap[child + 1], heap[child]))
            {
                child++;
            }

            if (!IsBefore(heap[child], heap[end]))
            {
                break;
            }

            path[levels++] = child;
            index = child;
        }

        return levels;
    }

    private bool IsBefore(in Entry a, in Entry b)
    {
        int difference = comparer.Compare(a.Item.Priority, b.Item.Priority);
        return difference < 0 || (difference == 0 && a.Order < b.Order);
    }
}
