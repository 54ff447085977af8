using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace EventLoop.Coroutines;

/// <summary>Reads and writes the fields of an async method's state machine in place: a struct in optimized code, a class in code compiled for
/// debugging.</summary>
internal static class StateMachineFields<
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields)] TStateMachine>
{
    internal static readonly FieldInfo[] All = typeof(TStateMachine).GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);

    internal static object? Read(ref TStateMachine machine, FieldInfo field) =>
        typeof(TStateMachine).IsValueType ? field.GetValueDirect(__makeref(machine)) : field.GetValue(machine);

    internal static void Write(ref TStateMachine machine, FieldInfo field, object value)
    {
        if (typeof(TStateMachine).IsValueType)
        {
            field.SetValueDirect(__makeref(machine), value);
        }
        else
        {
            field.SetValue(machine, value);
        }
    }
}
