using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;

namespace EventLoop;

/// <summary>Compiles <c>async Coroutine</c> methods. For the compiler only.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
[StackTraceHidden]
public struct CoroutineMethodBuilder
{
    private CoroutineBox box;

    /// <summary>For the compiler only.</summary>
    public static CoroutineMethodBuilder Create() => default;

    /// <summary>For the compiler only.</summary>
    public readonly Coroutine Task => new(box, box.Version);

    /// <summary>For the compiler only. Puts the state machine into a box and runs nothing: a coroutine is cold.</summary>
    public void Start<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields)] TStateMachine>(
        ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        var rented = StateMachineBox<TStateMachine>.Rent();
        box = rented;                      // this builder is part of the state machine: set before the copy
        rented.StateMachine = stateMachine;
    }

    /// <summary>For the compiler only.</summary>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    /// <summary>For the compiler only.</summary>
    public readonly void SetResult() => box.Complete(null);

    /// <summary>For the compiler only.</summary>
    public readonly void SetException(Exception exception) => box.Complete(exception);

    /// <summary>For the compiler only.</summary>
    public readonly void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => AwaitDispatch.Await(ref awaiter, box);

    /// <summary>For the compiler only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => Suspension.AwaitUnsafe(ref awaiter, box);
}

/// <summary>Compiles <c>async Coroutine&lt;T&gt;</c> methods. For the compiler only.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
[StackTraceHidden]
public struct CoroutineMethodBuilder<T>
{
    private CoroutineBox<T> box;

    /// <summary>For the compiler only.</summary>
    public static CoroutineMethodBuilder<T> Create() => default;

    /// <summary>For the compiler only.</summary>
    public readonly Coroutine<T> Task => new(box, box.Version);

    /// <summary>For the compiler only. Puts the state machine into a box and runs nothing: a coroutine is cold.</summary>
    public void Start<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields)] TStateMachine>(
        ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        var rented = StateMachineBox<TStateMachine, T>.Rent();
        box = rented;
        rented.StateMachine = stateMachine;
    }

    /// <summary>For the compiler only.</summary>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    /// <summary>For the compiler only.</summary>
    public readonly void SetResult(T result)
    {
        box.Result = result;
        box.Complete(null);
    }

    /// <summary>For the compiler only.</summary>
    public readonly void SetException(Exception exception) => box.Complete(exception);

    /// <summary>For the compiler only.</summary>
    public readonly void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => AwaitDispatch.Await(ref awaiter, box);

    /// <summary>For the compiler only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => Suspension.AwaitUnsafe(ref awaiter, box);
}
