using EventLoop.Synchronization.Queues;

namespace EventLoop;

/// <summary>A queue that returns the item with the lowest priority value; among equal ones the one that was put first. asyncio:
/// <c>PriorityQueue</c>.</summary>
/// <typeparam name="TElement">The type of the elements.</typeparam>
/// <typeparam name="TPriority">The type of the priorities.</typeparam>
/// <remarks><inheritdoc cref="AsyncQueue{T}" path="/remarks"/></remarks>
public sealed class AsyncPriorityQueue<TElement, TPriority> : AsyncQueue<(TElement Element, TPriority Priority)>
{
    /// <summary>Makes an empty priority queue.</summary>
    /// <param name="capacity">How many items it holds before putters wait; 0: unlimited.</param>
    /// <param name="comparer">Compares priorities; null: their default order.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative.</exception>
    public AsyncPriorityQueue(int capacity = 0, IComparer<TPriority>? comparer = null) : base(capacity, new PriorityStore<TElement, TPriority>(comparer))
    {
    }

    /// <inheritdoc cref="AsyncQueue{T}.PutAsync"/>
    /// <param name="element">The element.</param>
    /// <param name="priority">The lowest comes first.</param>
    public Coroutine PutAsync(TElement element, TPriority priority) => PutAsync((element, priority));

    /// <inheritdoc cref="AsyncQueue{T}.TryPut"/>
    /// <param name="element">The element.</param>
    /// <param name="priority">The lowest comes first.</param>
    public bool TryPut(TElement element, TPriority priority) => TryPut((element, priority));
}
