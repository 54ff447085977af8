using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <inheritdoc/>
[StackTraceHidden]
internal abstract class CoroutineBox<T> : CoroutineBox, ICoroutineSource<T>
{
    private protected CoroutineBox(LoopCore? maker)
        : base(maker)
    {
    }

    internal T? Result;

    /// <inheritdoc/>
    public T EndWithResult(long token)
    {
        var failure = TakeOutcome(token);
        var result = Result;
        Recycle();
        if (failure is not null)
        {
            failure.Rethrow();
        }

        return result!;
    }
}
