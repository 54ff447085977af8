namespace EventLoop;

/// <summary>A semaphore that is never released more often than it was acquired. asyncio: <c>BoundedSemaphore</c>.</summary>
/// <remarks><inheritdoc cref="AsyncSemaphore" path="/remarks"/></remarks>
public sealed class AsyncBoundedSemaphore : AsyncSemaphore
{
    private readonly int limit;

    /// <summary>A bounded semaphore.</summary>
    /// <param name="initialCount">Permits that are free at first, and the most that there ever are.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="initialCount"/> is negative.</exception>
    public AsyncBoundedSemaphore(int initialCount = 1) : base(initialCount) => limit = initialCount;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">More than was acquired, which changes nothing; or this is not the loop's thread.</exception>
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
