using EventLoop.Reporting;

namespace EventLoop.Structure;

/// <summary>A child whose group's caller waits until it has started. Until then a failure of the child is the caller's, and not the group's.</summary>
[Plumbing]
internal sealed class ChildStart<T>(Loop loop)
{
    /// <summary>Ends with the value that the child reports, or with the reason why it did not.</summary>
    internal LoopFuture<T> Started { get; } = new(loop);

    internal async Coroutine Run(Func<Action<T>, Coroutine> body)
    {
        try
        {
            await body(Report);
        }
        catch (Exception failure) when (failure is not (LoopCanceledException or LoopExitException))
        {
            if (!Started.TrySetException(failure))
            {
                throw;      // it had started, or nobody waits any more: the group's
            }
        }
    }

    /// <summary>For a child that ended without a failure of its own.</summary>
    internal void OnEnded(LoopAwaitable child)
    {
        if (!Started.IsCompleted)
        {
            Started.TrySetException(child.FailureOrCancellation()
                ?? new InvalidOperationException($"The child {child.Label} ended without having said that it had started."));
        }
    }

    private void Report(T value)
    {
        if (!Started.TrySetResult(value) && !Started.IsCanceled)
        {
            throw new InvalidOperationException("The child has said already that it has started; it says so once.");
        }
    }
}
