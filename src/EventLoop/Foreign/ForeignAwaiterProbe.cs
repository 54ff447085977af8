using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;

namespace EventLoop.Foreign;

/// <summary>
/// Checks that, on this runtime, awaiters of tasks are what <see cref="ForeignAwaiter"/> takes them for. Nothing is written before the layout has been
/// verified. It delays the first cancellation that meets a task, so it tries no more than necessary.
/// </summary>
internal static class ForeignAwaiterProbe
{
    internal static bool Passes()
    {
        try
        {
            var typed = new TaskCompletionSource<int>().Task;
            Task task = typed;
            return BeginsWith(task.GetAwaiter(), task)
                && BeginsWith(typed.GetAwaiter(), task)
                && BeginsWith(task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter(), task)
                && BeginsWith(typed.ConfigureAwait(false).GetAwaiter(), task)
                && CanBeReplaced(typed.GetAwaiter());
        }
        catch (Exception)
        {
            return false;      // a runtime that refuses the reflection
        }
    }

    // Read as numbers, because it is not certain yet that this is a reference. The collector may move the task between the two reads.
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

    // With a result, while the failed task that replaces its task has none.
    private static bool CanBeReplaced(TaskAwaiter<int> pending)
    {
        var thrown = new LoopCanceledException("probe");
        var failed = ForeignAwaiter<TaskAwaiter<int>>.Failed(thrown);
        var asStruct = new StructMachine { Awaiter = pending };
        var asClass = new ClassMachine { Awaiter = pending };
        Exchange(ref asStruct, failed);
        Exchange(ref asClass, failed);
        if (!asStruct.Awaiter.IsCompleted || !asClass.Awaiter.IsCompleted)
        {
            return false;
        }

        try
        {
            asStruct.Awaiter.GetResult();
            return false;
        }
        catch (LoopCanceledException exception)
        {
            return ReferenceEquals(exception, thrown);
        }
    }

    private static void Exchange<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields)] TMachine>(
        ref TMachine machine, object value)
    {
        FieldInfo field = StateMachineFields<TMachine>.All.Single();
        _ = StateMachineFields<TMachine>.Read(ref machine, field);
        StateMachineFields<TMachine>.Write(ref machine, field, value);
    }

    private struct StructMachine
    {
        internal TaskAwaiter<int> Awaiter;
    }

    private sealed class ClassMachine
    {
        internal TaskAwaiter<int> Awaiter;
    }
}
