using EventLoop.Scheduling;

namespace EventLoop.Combining;

/// <summary>as_completed. Its time runs from the call; it can be enumerated once; leaving it early detaches it.</summary>
/// <param name="items">What the user receives.</param>
/// <param name="wait">The wait for what represents them on the loop.</param>
internal sealed class Completions<TItem>(TItem[] items, CompletionWait wait) : IAsyncEnumerable<TItem>
{
    private bool enumerated;

    internal static Completions<TItem> Of(TItem[] items, LoopAwaitable[] children, TimeSpan? timeout)
    {
        var wait = new CompletionWait(children);
        try
        {
            wait.Start();
            if (children.Length > 0)
            {
                wait.StartTimer(LoopCore.Required, timeout);
            }

            return new(items, wait);
        }
        catch
        {
            wait.Detach();
            throw;
        }
    }

    public IAsyncEnumerator<TItem> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (enumerated)
        {
            throw new InvalidOperationException("AsCompleted is enumerated once. Call it again for a second look at the same tasks.");
        }

        enumerated = true;
        return new Enumerator(Enumerate(cancellationToken), wait);
    }

    private async IAsyncEnumerator<TItem> Enumerate(CancellationToken cancellationToken)
    {
        try
        {
            for (int i = 0; i < items.Length; i++)
            {
                if (cancellationToken.CanBeCanceled)
                {
                    await Loop.WaitFor(async Coroutine () => await wait, null, cancellationToken);
                }
                else
                {
                    await wait;
                }

                if (!wait.TryTake(out int next))
                {
                    throw new TimeoutException($"{items.Length - i} of {items.Length} had not ended in time.");
                }

                yield return items[next];
            }
        }
        finally
        {
            wait.Detach();
        }
    }

    // An enumerator that is disposed before its first step does not run its finally.
    private sealed class Enumerator(IAsyncEnumerator<TItem> inner, CompletionWait wait) : IAsyncEnumerator<TItem>
    {
        public TItem Current => inner.Current;

        public ValueTask<bool> MoveNextAsync() => inner.MoveNextAsync();

        public ValueTask DisposeAsync()
        {
            wait.Detach();
            return inner.DisposeAsync();
        }
    }
}
