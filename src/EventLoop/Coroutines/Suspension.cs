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
        if (default(TAwaiter) is not null && awaiter is ILoopAwaiter)
        {
            var core = ((ILoopAwaiter)awaiter).Core;
            box.Suspend(core);
            ((ILoopAwaiter)awaiter).Park(core, box);
        }
        else
        {
            var core = LoopCore.Running!;
            box.Suspend(core);
            awaiter.UnsafeOnCompleted(ForeignWait.Begin(core, box, typeof(TAwaiter)));
        }
    }

    internal static void Await<TAwaiter>(ref TAwaiter awaiter, CoroutineBox box)
        where TAwaiter : INotifyCompletion
    {
        var core = LoopCore.Running!;
        box.Suspend(core);
        awaiter.OnCompleted(ForeignWait.Begin(core, box, typeof(TAwaiter)));
    }
}
