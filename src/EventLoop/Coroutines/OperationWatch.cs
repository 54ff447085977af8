using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>Watches operations on loops that watch their coroutines: in debug mode, and in tests.</summary>
[StackTraceHidden]
internal static class OperationWatch
{
    private static int loops;      // that watch; any thread, interlocked

    /// <summary>Whether some loop of the process watches. This is all that an operation checks otherwise: one comparison with a constant address.</summary>
    internal static bool IsOn => Volatile.Read(ref loops) != 0;

    internal static void Add(int change) => Interlocked.Add(ref loops, change);

    /// <param name="made">The operation's coroutine.</param>
    /// <param name="member">The member that was called.</param>
    internal static Coroutine Over(Coroutine made, string member) => LoopCore.Running is { Loop: { WatchesCoroutines: true } loop }
        ? new(new WatchedOperation(made.Source!, made.Token, loop.NewWatch(member)), 0)
        : made;

    /// <inheritdoc cref="Over(Coroutine, string)"/>
    internal static Coroutine<T> Over<T>(Coroutine<T> made, string member) => LoopCore.Running is { Loop: { WatchesCoroutines: true } loop }
        ? new(new WatchedOperation<T>(made.Source!, made.Token, loop.NewWatch(member)), 0)
        : made;

    /// <summary>Called when it becomes the body of a task, which then has to run it.</summary>
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
