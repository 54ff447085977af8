using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>The box of an async method without a result. There are two classes, because even an empty result would cost eight bytes.</summary>
[StackTraceHidden]
internal sealed class StateMachineBox<
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields)] TStateMachine> : CoroutineBox
    where TStateMachine : IAsyncStateMachine
{
    private static readonly int Slot = ItemPools.NewSlot();

    internal TStateMachine? StateMachine;

    internal override string MethodName => StateMachineName<TStateMachine>.Method;

    internal override bool IsPlumbing => StateMachineName<TStateMachine>.IsPlumbing;

    internal override FieldInfo[] Fields => StateMachineFields<TStateMachine>.All;

    internal override object? ReadField(FieldInfo field) => StateMachineFields<TStateMachine>.Read(ref StateMachine!, field);

    internal override void WriteField(FieldInfo field, object value) => StateMachineFields<TStateMachine>.Write(ref StateMachine!, field, value);

    private StateMachineBox(LoopCore? maker)
        : base(maker)
    {
    }

    internal static StateMachineBox<TStateMachine> Rent()
    {
        var core = LoopCore.Running;
        var box = core?.Pools.TryRent<StateMachineBox<TStateMachine>>(Slot) ?? new(core);
        if (!typeof(TStateMachine).IsValueType || core is { WatchesCoroutines: true })
        {
            box.Watch(CoroutineWatch.Over(core, typeof(TStateMachine)));
        }

        return box;
    }

    protected override void MoveNext() => StateMachine!.MoveNext();

    protected override void Recycle()
    {
        StateMachine = default;
        ReturnTo(Slot);
    }
}

/// <summary>The box of an async method with a result.</summary>
[StackTraceHidden]
internal sealed class StateMachineBox<
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields)] TStateMachine,
    T> : CoroutineBox<T>
    where TStateMachine : IAsyncStateMachine
{
    private static readonly int Slot = ItemPools.NewSlot();

    internal TStateMachine? StateMachine;

    internal override string MethodName => StateMachineName<TStateMachine>.Method;

    internal override bool IsPlumbing => StateMachineName<TStateMachine>.IsPlumbing;

    internal override FieldInfo[] Fields => StateMachineFields<TStateMachine>.All;

    internal override object? ReadField(FieldInfo field) => StateMachineFields<TStateMachine>.Read(ref StateMachine!, field);

    internal override void WriteField(FieldInfo field, object value) => StateMachineFields<TStateMachine>.Write(ref StateMachine!, field, value);

    private StateMachineBox(LoopCore? maker)
        : base(maker)
    {
    }

    internal static StateMachineBox<TStateMachine, T> Rent()
    {
        var core = LoopCore.Running;
        var box = core?.Pools.TryRent<StateMachineBox<TStateMachine, T>>(Slot) ?? new(core);
        if (!typeof(TStateMachine).IsValueType || core is { WatchesCoroutines: true })
        {
            box.Watch(CoroutineWatch.Over(core, typeof(TStateMachine)));
        }

        return box;
    }

    protected override void MoveNext() => StateMachine!.MoveNext();

    protected override void Recycle()
    {
        StateMachine = default;
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            Result = default;
        }

        ReturnTo(Slot);
    }
}
