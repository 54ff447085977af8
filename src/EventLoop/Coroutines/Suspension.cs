using System.Runtime.CompilerServices;
using EventLoop.Foreign;
using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>What a coroutine does at an await that is not complete: parks on one of our awaiters, or leaves a delegate with a foreign one.</summary>
[StackTraceHidden]
internal static class Suspension
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AwaitUnsafe<TAwaiter>(ref TAwaiter awaiter, CoroutineBox box)
        where TAwaiter : ICriticalNotifyCompletion
    {
        // The three commonest by their type: code that the JIT has not optimized yet boxes at the test
        // below, and a million tasks may take their first step in it.
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
        if (core.AbandonedWaits is not null && TryResumeAbandoned(core, ref awaiter, box))
        {
            return;
        }

        var wait = BeginForeign(core, box, ForeignAwaiter<TAwaiter>.Instance);
        try
        {
            awaiter.UnsafeOnCompleted(wait.Continuation);
        }
        catch (Exception refusal)
        {
            if (!IsDealtWith(core, box, wait, ForeignAwaiter<TAwaiter>.Instance, refusal))
            {
                throw;
            }

            return;
        }

        LookForCancellation(core);
    }

    private static bool TryResumeAbandoned<TAwaiter>(LoopCore core, ref TAwaiter awaiter, CoroutineBox box)
    {
        if (ForeignAwaiter<TAwaiter>.Instance.TaskOf(ref awaiter) is not { } task)
        {
            return false;
        }

        box.Suspend(core);
        if (!ForeignWait.TryResumeAbandoned(core, box, ForeignAwaiter<TAwaiter>.Instance, task))
        {
            return false;
        }

        LookForCancellation(core);
        return true;
    }

    private static ForeignWait BeginForeign(LoopCore core, CoroutineBox box, ForeignAwaiter awaiter)
    {
        box.Suspend(core);
        return ForeignWait.Begin(core, box, awaiter);
    }

    // An exception that leaves the suspension itself passes by the method's finally blocks: a lock would stay locked. One of GetResult does not.
    private static bool IsDealtWith(LoopCore core, CoroutineBox box, ForeignWait wait, ForeignAwaiter awaiter, Exception refusal)
    {
        if (!wait.TryWithdraw())
        {
            core.Loop.OnCallbackFailed(refusal);      // it has taken the continuation all the same, and the method resumes by that
            return true;
        }

        if (!awaiter.RefusesEarlyResults)
        {
            return false;
        }

        core.RunNext(box);
        return true;
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
        var wait = BeginForeign(core, box, ForeignAwaiter<TAwaiter>.Instance);
        try
        {
            awaiter.OnCompleted(wait.Continuation);
        }
        catch (Exception refusal)
        {
            if (!IsDealtWith(core, box, wait, ForeignAwaiter<TAwaiter>.Instance, refusal))
            {
                throw;
            }

            return;
        }

        LookForCancellation(core);
    }

    // Other waits ask before they begin. This one has begun already: where nothing interrupts it, it goes on.
    private static void LookForCancellation(LoopCore core)
    {
        if (core.Current is { Attention: true } context)
        {
            context.OnForeignWaitBegun();
        }
    }
}
