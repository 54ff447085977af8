using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Foreign;

namespace EventLoop;

/// <summary>Hands an await that has to wait to the room that knows its awaiter, so that coroutines need to know neither tasks nor .NET's awaiters.</summary>
[StackTraceHidden]
internal static class AwaitDispatch
{
    /// <summary>For awaiters that do not flow the ExecutionContext themselves, other than those that the coroutines handle.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AwaitUnsafe<TAwaiter>(ref TAwaiter awaiter, CoroutineBox box)
        where TAwaiter : ICriticalNotifyCompletion
    {
        // The most common one first, by its type: code that the JIT has not optimized yet boxes at the test below, and a million tasks may take their first
        // step in it.
        if (typeof(TAwaiter) == typeof(LoopAwaiter))
        {
            Suspension.Park(ref Unsafe.As<TAwaiter, LoopAwaiter>(ref awaiter), box);
        }
        else if (default(TAwaiter) is not null && awaiter is ILoopAwaiter)
        {
            var core = ((ILoopAwaiter)awaiter).Core;
            box.Suspend(core);
            ((ILoopAwaiter)awaiter).Park(core, box);
        }
        else
        {
            ForeignSuspension.AwaitUnsafe(ref awaiter, box);
        }
    }

    /// <summary>For awaiters that flow the ExecutionContext themselves; none of the library's does.</summary>
    internal static void Await<TAwaiter>(ref TAwaiter awaiter, CoroutineBox box)
        where TAwaiter : INotifyCompletion => ForeignSuspension.Await(ref awaiter, box);
}
