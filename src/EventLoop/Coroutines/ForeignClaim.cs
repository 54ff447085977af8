namespace EventLoop.Coroutines;

/// <summary>
/// A coroutine may be made on one loop and awaited on another. Where it was made it is started by a plain store, because that is what nearly all are; a loop that
/// starts one of another's announces itself first, makes all processors see that, and only then looks whether it was started at home. So of two loops that
/// start the same coroutine at the same moment one is refused, and a start at home costs no interlocked operation.
/// </summary>
/// <remarks>Any thread.</remarks>
[StackTraceHidden]
internal static class ForeignClaim
{
    private static readonly Lock Gate = new();
    private static int underWay;

    /// <summary>To be asked at home after the store that starts a use: true means that <see cref="Await"/> and another look are due.</summary>
    internal static bool IsUnderWay => Volatile.Read(ref underWay) != 0;

    /// <summary>Until it is disposed nobody else claims anything that is not his.</summary>
    /// <param name="hasHome">There is a loop that may start it without the lock.</param>
    internal static Claim Begin(bool hasHome)
    {
        Gate.Enter();
        if (hasHome)
        {
            Volatile.Write(ref underWay, 1);
            Interlocked.MemoryBarrierProcessWide();
        }

        return default;
    }

    /// <summary>Returns when what was under way is decided.</summary>
    internal static void Await()
    {
        Gate.Enter();
        Gate.Exit();
    }

    [StackTraceHidden]
    internal readonly ref struct Claim
    {
        public void Dispose()
        {
            Volatile.Write(ref underWay, 0);
            Gate.Exit();
        }
    }
}
