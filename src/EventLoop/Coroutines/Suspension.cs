using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>What a coroutine does at an await that is not complete: parks on one of our awaiters, or leaves a delegate with a foreign one.</summary>
internal static class Suspension
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AwaitUnsafe<TAwaiter>(ref TAwaiter awaiter, CoroutineBox box)
        where TAwaiter : ICriticalNotifyCompletion
    {
        // The three commonest by their type: code that the JIT has not optimized yet boxes at the test below, and a million tasks may take their first step in it.
        if (typeof(TAwaiter) == typeof(CoroutineAwaiter))
        {
            Park(ref Unsafe.As<TAwaiter, CoroutineAwaiter>(ref awaiter), box);
        }
        else if (typeof(TAwaiter) == typeof(YieldAwaiter))
        {
            Park(ref Unsafe.As<TAwaiter, YieldAwaiter>(ref awaiter), box);
        }
        else if (typeof(TAwaiter) == typeof(LoopAwaiter))
        {
            Park(ref Unsafe.As<TAwaiter, LoopAwaiter>(ref awaiter), box);
        }
        else if (default(TAwaiter) is not null && awaiter is ILoopAwaiter)
        {
            var core = ((ILoopAwaiter)awaiter).Core;
            box.Suspend(core);
            ((ILoopAwaiter)awaiter).Park(core, box);
        }
        else
        {
            AwaitForeign(ref awaiter, box);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AwaitForeign<TAwaiter>(ref TAwaiter awaiter, CoroutineBox box)
        where TAwaiter : ICriticalNotifyCompletion
    {
        var core = LoopCore.Running!;
        box.Suspend(core);
        awaiter.UnsafeOnCompleted(ForeignWait.Begin(core, box, ForeignAwaiter<TAwaiter>.Instance));
        LookForCancellation(core);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Park<TAwaiter>(ref TAwaiter awaiter, CoroutineBox box)
        where TAwaiter : struct, ILoopAwaiter
    {
        // A method that has waited before knows its loop.
        var core = typeof(TAwaiter) != typeof(YieldAwaiter) && box.Context is { } context ? context.Core : awaiter.Core;
        box.Suspend(core);
        awaiter.Park(core, box);
    }

    internal static void Await<TAwaiter>(ref TAwaiter awaiter, CoroutineBox box)
        where TAwaiter : INotifyCompletion
    {
        var core = LoopCore.Running!;
        box.Suspend(core);
        awaiter.OnCompleted(ForeignWait.Begin(core, box, ForeignAwaiter<TAwaiter>.Instance));
        LookForCancellation(core);
    }

    // Other waits ask before they begin. This one has begun already: where nothing interrupts it, it goes on.
    private static void LookForCancellation(LoopCore core)
    {
        if (core.Current is { Attention: true, Task: { } task } context)
        {
            task.OnForeignWaitBegun(context);
        }
    }
}
