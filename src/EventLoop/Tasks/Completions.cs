using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>as_completed. Its time runs from the call; it is enumerated once; leaving it early detaches it.</summary>
internal sealed class Completions<TAwaitable> : IAsyncEnumerable<TAwaitable>
    where TAwaitable : LoopAwaitable
{
    private readonly CompletionWait wait;
    private readonly int total;
    private bool enumerated;

    internal Completions(TAwaitable[] all, TimeSpan? timeout)
    {
        total = all.Length;
        wait = new CompletionWait(all);
        wait.Start();
        if (total > 0)
        {
            wait.StartTimer(LoopCore.Required, timeout);
        }
    }

    public IAsyncEnumerator<TAwaitable> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (enumerated)
        {
            throw new InvalidOperationException("AsCompleted is enumerated once. Call it again for a second look at the same tasks.");
        }

        enumerated = true;
        return Enumerate(cancellationToken).GetAsyncEnumerator(cancellationToken);
    }

    private async IAsyncEnumerable<TAwaitable> Enumerate([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            for (int i = 0; i < total; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await wait;
                if (!wait.TryTake(out var next))
                {
                    throw new TimeoutException($"{total - i} of {total} had not ended in time.");
                }

                yield return (TAwaitable)next!;
            }
        }
        finally
        {
            wait.Detach();
        }
    }
}
