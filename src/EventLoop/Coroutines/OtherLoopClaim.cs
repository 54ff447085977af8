namespace EventLoop.Coroutines;

/// <summary>
/// How a loop starts a coroutine that another one has made. At home, where nearly all are started, a start is a plain store: no interlocked operation, but a
/// second look at the mark of the home after it. Any other loop takes that mark away first, makes all processors see this, and only then looks whether it was
/// started. So of two loops that start one coroutine at the same moment, one sees the other. One claim at a time; any thread.
/// </summary>
internal static class OtherLoopClaim
{
    private static readonly Lock Gate = new();

    internal static Lock.Scope Begin() => Gate.EnterScope();

    /// <summary>Makes what was stored before it visible to every thread whose own store is not visible after it.</summary>
    internal static void Announce() => Interlocked.MemoryBarrierProcessWide();
}
