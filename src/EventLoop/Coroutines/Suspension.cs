using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>What a coroutine does at an await that has not completed: it parks where the awaiter says. <see cref="AwaitDispatch"/> knows the awaiters of other
/// rooms.</summary>
[StackTraceHidden]
internal static class Suspension
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AwaitUnsafe<TAwaiter>(ref TAwaiter awaiter, CoroutineBox box)
        where TAwaiter : ICriticalNotifyCompletion
    {
        // The most common ones by their type: see AwaitDispatch.
        if (typeof(TAwaiter) == typeof(CoroutineAwaiter))
        {
            Park(ref Unsafe.As<TAwaiter, CoroutineAwaiter>(ref awaiter), box);
        }
        else if (typeof(TAwaiter) == typeof(YieldAwaiter))
        {
            Park(ref Unsafe.As<TAwaiter, YieldAwaiter>(ref awaiter), box);
        }
        else
        {
            AwaitDispatch.AwaitUnsafe(ref awaiter, box);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Park<TAwaiter>(ref TAwaiter awaiter, CoroutineBox box)
        where TAwaiter : struct, ILoopAwaiter
    {
        // A method that has waited before knows its loop.
        var core = typeof(TAwaiter) != typeof(YieldAwaiter) && box.Context is { } context ? context.Core : awaiter.Core;
        box.Suspend(core);
        awaiter.Park(core, box);
    }
}
