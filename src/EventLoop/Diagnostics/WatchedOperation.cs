using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>
/// A built-in operation that somebody watches: does anybody await it? Operations share their sources or take them from pools, so that a call leaves nothing
/// behind that could die unawaited. Where coroutines are watched each call gets an object of its own, this one, which stands before the operation.
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

        bool completed = Operation.Start(OperationToken);      // which refuses a wrong loop, and then nothing was started
        started = true;
        Settle();
        return completed;
    }

    public void Park(LoopCore core, long token, WaitNode awaiting) => Operation.Park(core, OperationToken, awaiting);

    public void End(long token) => Operation.End(OperationToken);

    /// <summary>It is not lost.</summary>
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

/// <summary>Puts operations under watch, on loops that watch their coroutines: in debug mode, and in tests.</summary>
[StackTraceHidden]
internal static class OperationWatch
{
    private static int loops;      // that watch; any thread, interlocked

    /// <summary>Whether some loop of the process watches. That is all that an operation asks elsewhere: one comparison with a constant address.</summary>
    internal static bool IsOn => Volatile.Read(ref loops) != 0;

    internal static void Add(int change) => Interlocked.Add(ref loops, change);

    /// <param name="made">As the operation returns it.</param>
    /// <param name="member">What was called.</param>
    internal static Coroutine Over(Coroutine made, string member) => LoopCore.Running is { Loop: { WatchesCoroutines: true } loop }
        ? new(new WatchedOperation(made.Source!, made.Token, loop.NewWatch(member)), 0)
        : made;

    /// <inheritdoc cref="Over(Coroutine, string)"/>
    internal static Coroutine<T> Over<T>(Coroutine<T> made, string member) => LoopCore.Running is { Loop: { WatchesCoroutines: true } loop }
        ? new(new WatchedOperation<T>(made.Source!, made.Token, loop.NewWatch(member)), 0)
        : made;

    /// <summary>It becomes the body of a task: whether that runs it is the task's affair.</summary>
    internal static Coroutine Settled(Coroutine operation)
    {
        (operation.Source as WatchedOperation)?.Settle();
        return operation;
    }

    /// <inheritdoc cref="Settled(Coroutine)"/>
    internal static Coroutine<T> Settled<T>(Coroutine<T> operation)
    {
        (operation.Source as WatchedOperation)?.Settle();
        return operation;
    }
}
