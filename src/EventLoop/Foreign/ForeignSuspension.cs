using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Foreign;

/// <summary>What a coroutine does at an await of a foreign awaitable that has not completed: it leaves a delegate with the awaiter.</summary>
[StackTraceHidden]
internal static class ForeignSuspension
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void AwaitUnsafe<TAwaiter>(ref TAwaiter awaiter, CoroutineBox box)
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

    // An exception that leaves the suspension itself would bypass the method's finally blocks, and a lock would stay locked. One thrown by GetResult does not.
    private static bool IsDealtWith(LoopCore core, CoroutineBox box, ForeignWait wait, ForeignAwaiter awaiter, Exception refusal)
    {
        if (!wait.TryWithdraw())
        {
            core.Loop.OnCallbackFailed(refusal);      // the awaiter has taken the continuation nevertheless, and the method resumes through it
            return true;
        }

        if (!awaiter.RefusesEarlyResults)
        {
            return false;
        }

        core.RunNext(box);
        return true;
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

    // Other waits check before they begin. This one has begun already: where nothing interrupts it, it continues.
    private static void LookForCancellation(LoopCore core)
    {
        if (core.Current is { Attention: true } context)
        {
            context.OnForeignWaitBegun();
        }
    }
}
