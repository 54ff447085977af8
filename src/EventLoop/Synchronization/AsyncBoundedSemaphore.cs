namespace EventLoop;

/// <summary>A semaphore that cannot be released more often than it was acquired. asyncio: <c>BoundedSemaphore</c>.</summary>
/// <remarks><inheritdoc cref="AsyncSemaphore" path="/remarks"/></remarks>
public sealed class AsyncBoundedSemaphore : AsyncSemaphore
{
    private readonly int limit;

    /// <summary>Makes a bounded semaphore.</summary>
    /// <param name="initialCount">How many permits are free initially, which is also the most that there can be.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="initialCount"/> is negative.</exception>
    public AsyncBoundedSemaphore(int initialCount = 1) : base(initialCount) => limit = initialCount;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">More would be released than was acquired, or this is not the loop's thread. Nothing is changed.</exception>
    public override void Release(int count = 1)
    {
        if (count > limit - CurrentCount)
        {
            throw new InvalidOperationException(
                $"The semaphore has {limit} permits, {CurrentCount} of them free, so {count} cannot be given back. It was released more often than acquired.");
        }

        base.Release(count);
    }
}
