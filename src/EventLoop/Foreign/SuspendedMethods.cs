using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Foreign;

/// <summary>
/// The <c>async Task</c> methods at which awaits of .NET tasks end, one method awaiting the other: a wait for one that stands at a wait on the loop is for
/// nothing from outside. Loop thread only.
/// </summary>
/// <remarks>
/// Certain or not at all: a method that is suspended keeps the awaiter at which it stands in a field of its state machine, and empties the field when it goes
/// on. What cannot be read, because it was trimmed or renamed or has another form (<c>Task.WhenAll</c>, <c>ContinueWith</c>), counts as from outside.
/// </remarks>
internal sealed class SuspendedMethods
{
    private const int Deepest = 1000;

    private static readonly ConcurrentDictionary<Type, FieldInfo?> Machines = [];      // of tasks; null: it is no async method's
    private static readonly ConcurrentDictionary<Type, FieldInfo[]> Awaiters = [];     // of state machines
    private static readonly ConcurrentDictionary<Type, FieldInfo[]> Parts = [];        // of awaiters: what may be a task, or contain one

    private readonly HashSet<Task> methods = [];

    /// <summary>Takes a wait that may be for such a method. False: it is for something else.</summary>
    internal bool TryAdd(IWaitTarget target)
    {
        if (target is not ForeignWait { Awaited: { } awaited } || InnermostOf(awaited) is not { } method)
        {
            return false;
        }

        methods.Add(method);
        return true;
    }

    /// <summary>Whether each of them stands at a wait of one of these tasks.</summary>
    internal bool AllWaitIn(List<LoopTask> tasks)
    {
        for (int i = 0; i < tasks.Count && methods.Count > 0; i++)
        {
            foreach (var node in tasks[i].CollectWaits())
            {
                if (EndOfChain(node) is ContinuationNode { Awaiting: { } method })
                {
                    methods.Remove(method);
                }
            }
        }

        return methods.Count == 0;
    }

    /// <summary>Where a chain of coroutines ends: in the outermost of them, or in the ordinary code that awaits it.</summary>
    internal static WaitNode EndOfChain(WaitNode node)
    {
        while (node is CoroutineBox { Awaiter: { } outer })
        {
            node = outer;
        }

        return node;
    }

    // The last async method in a row of those that await one another; null where the row ends in something else. Where a method runs on another thread at this
    // moment, its fields change; but they name a task that does not end before this thread goes on only where the method awaits that.
    private static Task? InnermostOf(Task task)
    {
        try
        {
            for (int i = 0; i < Deepest; i++)
            {
                if (task.IsCompleted || Machines.GetOrAdd(task.GetType(), MachineOf)?.GetValue(task) is not { } machine)
                {
                    return null;
                }

                if (AwaitedBy(machine) is not { } awaited)
                {
                    return task;
                }

                task = awaited;
            }

            return null;
        }
        catch (Exception)
        {
            return null;      // a runtime that refuses the reflection
        }
    }

    // The task at which an async method stands, if it stands at one.
    private static Task? AwaitedBy(object machine)
    {
        foreach (var field in Awaiters.GetOrAdd(machine.GetType(), AwaitersOf))
        {
            if (field.GetValue(machine) is { } awaiter && TaskIn(awaiter) is { } task)
            {
                return task;
            }
        }

        return null;
    }

    private static Task? TaskIn(object awaiter)
    {
        foreach (var part in Parts.GetOrAdd(awaiter.GetType(), PartsOf))
        {
            object? value = part.GetValue(awaiter);
            if ((value as Task ?? (part.FieldType.IsValueType ? TaskIn(value!) : null)) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "What was trimmed counts as from outside.")]
    private static FieldInfo? MachineOf(Type task) =>
        task.Assembly == typeof(Task).Assembly && task.IsGenericType ? task.GetField("StateMachine", BindingFlags.Instance | BindingFlags.Public) : null;

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "What was trimmed counts as from outside.")]
    private static FieldInfo[] AwaitersOf(Type machine) =>
        [.. machine.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Where(static field =>
            field.Name.StartsWith(ForeignAwaiter.FieldName, StringComparison.Ordinal))];

    // Only .NET's own awaiters of tasks and value tasks: what others hold need not be what they wait for.
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "What was trimmed counts as from outside.")]
    private static FieldInfo[] PartsOf(Type awaiter) =>
        awaiter.Assembly != typeof(Task).Assembly || !awaiter.IsValueType ? []
            : [.. awaiter.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Where(static field =>
                field.FieldType == typeof(object) || field.FieldType.IsAssignableTo(typeof(Task)) || field.FieldType.Assembly == typeof(Task).Assembly
                    && field.FieldType.IsValueType && !field.FieldType.IsPrimitive && !field.FieldType.IsEnum)];
}
