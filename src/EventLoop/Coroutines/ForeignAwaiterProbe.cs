using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace EventLoop.Coroutines;

/// <summary>Whether the awaiters of tasks are what <see cref="ForeignAwaiter"/> takes them for, on this runtime. Nothing is written before the layout was seen to be right.</summary>
internal static class ForeignAwaiterProbe
{
    internal static bool Passes()
    {
        try
        {
            var pending = new TaskCompletionSource<int>().Task;
            return Passes(((Task)pending).GetAwaiter(), pending, static awaiter => awaiter.IsCompleted, static awaiter => awaiter.GetResult())
                && Passes(pending.GetAwaiter(), pending, static awaiter => awaiter.IsCompleted, static awaiter => awaiter.GetResult())
                && Passes(
                    ((Task)pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter(), pending, static awaiter => awaiter.IsCompleted, static awaiter => awaiter.GetResult())
                && Passes(pending.ConfigureAwait(false).GetAwaiter(), pending, static awaiter => awaiter.IsCompleted, static awaiter => awaiter.GetResult());
        }
        catch (Exception)
        {
            return false;      // a runtime that refuses the reflection
        }
    }

    private static bool Passes<TAwaiter>(TAwaiter awaiter, Task pending, Func<TAwaiter, bool> isCompleted, Action<TAwaiter> getResult)
        where TAwaiter : struct
    {
        if (!BeginsWith(awaiter, pending))
        {
            return false;
        }

        var thrown = new LoopCanceledException("probe");
        var failed = ForeignAwaiter<TAwaiter>.Failed(thrown);
        var asStruct = new StructMachine<TAwaiter> { Awaiter = awaiter };
        var asClass = new ClassMachine<TAwaiter> { Awaiter = awaiter };
        Exchange(ref asStruct, failed);
        Exchange(ref asClass, failed);
        return isCompleted(asClass.Awaiter) && Throws(asStruct.Awaiter, getResult, thrown);
    }

    // As numbers, because it is not known yet that this is a reference. The collector may move the task between the two looks.
    private static bool BeginsWith<TAwaiter>(TAwaiter awaiter, Task pending)
    {
        for (int attempt = 0; attempt < 10; attempt++)
        {
            if (Unsafe.As<TAwaiter, nint>(ref awaiter) == Unsafe.As<Task, nint>(ref pending))
            {
                return true;
            }
        }

        return false;
    }

    private static void Exchange<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields)] TMachine>(
        ref TMachine machine, object value)
    {
        FieldInfo field = StateMachineFields<TMachine>.All.Single();
        _ = StateMachineFields<TMachine>.Read(ref machine, field);
        StateMachineFields<TMachine>.Write(ref machine, field, value);
    }

    private static bool Throws<TAwaiter>(TAwaiter awaiter, Action<TAwaiter> getResult, Exception expected)
    {
        try
        {
            getResult(awaiter);
            return false;
        }
        catch (Exception exception)
        {
            return ReferenceEquals(exception, expected);
        }
    }

    private struct StructMachine<TAwaiter>
    {
        internal TAwaiter Awaiter;
    }

    private sealed class ClassMachine<TAwaiter>
    {
        internal TAwaiter? Awaiter;
    }
}
