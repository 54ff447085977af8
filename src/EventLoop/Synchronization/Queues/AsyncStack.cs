using EventLoop.Synchronization.Queues;

namespace EventLoop;

/// <summary>A queue that returns the item that was put last. asyncio: <c>LifoQueue</c>.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
/// <remarks><inheritdoc cref="AsyncQueue{T}" path="/remarks"/></remarks>
public sealed class AsyncStack<T> : AsyncQueue<T>
{
    /// <summary>Makes an empty stack.</summary>
    /// <param name="capacity">How many items it holds before putters wait; 0: unlimited.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative.</exception>
    public AsyncStack(int capacity = 0) : base(capacity, new LastInStore<T>())
    {
    }
}
