using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>
/// A built-in operation that is watched for never being awaited. Operations share their sources or take them from pools, so that a call leaves nothing behind
/// that could be collected. Where coroutines are watched each call gets an object of its own, this one, which wraps the operation.
/// </summary>
[StackTraceHidden]
internal class WatchedOperation(ICoroutineSource operation, long token, CoroutineWatch watch) : ICoroutineSource
{
    private protected ICoroutineSource Operation { get; } = operation;

    private protected long OperationToken { get; } = token;

    private CoroutineWatch? watch = watch;      // until it is awaited
    private bool started;

    public bool Start(long token)
    {
        if (started)
        {
            Throw.AwaitedTwice();
        }

        bool completed = Operation.Start(OperationToken);      // which refuses a wrong loop before anything was started
        started = true;
        Settle();
        return completed;
    }

    public void Park(LoopCore core, long token, WaitNode awaiting) => Operation.Park(core, OperationToken, awaiting);

    public void End(long token) => Operation.End(OperationToken);

    /// <summary>Notes that it is not lost.</summary>
    internal void Settle()
    {
        watch?.Started();
        watch = null;
    }
}

/// <inheritdoc/>
[StackTraceHidden]
internal sealed class WatchedOperation<T>(ICoroutineSource<T> operation, long token, CoroutineWatch watch)
    : WatchedOperation(operation, token, watch), ICoroutineSource<T>
{
    public T EndWithResult(long token) => ((ICoroutineSource<T>)Operation).EndWithResult(OperationToken);
}
