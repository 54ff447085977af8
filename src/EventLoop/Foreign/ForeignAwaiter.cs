using System.Reflection;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Reporting;
using EventLoop.Scheduling;

namespace EventLoop.Foreign;

/// <summary>
/// A type of foreign awaiters: its name, and whether an await with it can be interrupted. <c>GetResult</c> of a task's awaiter would block on a task that has
/// not ended; but the compiler keeps the awaiter of a suspended method in a field of its state machine, and reads it back when the method resumes. So the
/// awaiter of a failed task is put in its place, whose <c>GetResult</c> throws, at the await, inside the method's <c>try</c> blocks.
/// </summary>
internal abstract class ForeignAwaiter
{
    /// <summary>How the compiler names a field for one. Where it has another name (after an obfuscator), it is usually the only one of its type.</summary>
    internal const string FieldName = "<>u__";

    private static readonly bool AreReplaceable = RuntimeTricks.MayReplaceAwaiters && ForeignAwaiterProbe.Passes();

    private protected ForeignAwaiter(Type type, bool isOfTask)
    {
        Name = MethodNames.OfAwaiter(type);
        IsOfTask = isOfTask;
        var open = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        CallsOnce = open == typeof(TaskAwaiter) || open == typeof(TaskAwaiter<>)
            || open == typeof(ConfiguredTaskAwaitable.ConfiguredTaskAwaiter) || open == typeof(ConfiguredTaskAwaitable<>.ConfiguredTaskAwaiter)
            || open == typeof(System.Runtime.CompilerServices.YieldAwaitable.YieldAwaiter);
        RefusesEarlyResults = open == typeof(ValueTaskAwaiter) || open == typeof(ValueTaskAwaiter<>)
            || open == typeof(ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter)
                || open == typeof(ConfiguredValueTaskAwaitable<>.ConfiguredValueTaskAwaiter);
    }

    /// <summary>Whether it is .NET's own and calls its continuation once. That of a ValueTask passes it on to a source, which may be anybody's.</summary>
    internal bool CallsOnce { get; }

    /// <summary>Whether its source refuses to give a result early, so that GetResult throws where a continuation was refused.</summary>
    internal bool RefusesEarlyResults { get; }

    /// <summary>For the live view.</summary>
    internal string Name { get; }

    /// <summary>Whether it waits for a <see cref="Task"/>, and keeps that in its first field.</summary>
    private protected bool IsOfTask { get; }

    /// <summary>Whether an await with it can be interrupted. The first call runs the probe.</summary>
    internal bool IsReplaceable => IsOfTask && AreReplaceable;

    /// <summary>The task that a suspended method waits for; null where that cannot be told.</summary>
    internal abstract Task? TaskOf(CoroutineBox box);

    /// <summary>Makes the method's await throw when it resumes. False: it cannot be interrupted, and nothing has changed.</summary>
    internal abstract bool TryFail(CoroutineBox box, Exception exception);
}

/// <inheritdoc/>
internal sealed class ForeignAwaiter<TAwaiter> : ForeignAwaiter
{
    internal static readonly ForeignAwaiter<TAwaiter> Instance = new();

    private ForeignAwaiter()
        : base(typeof(TAwaiter), IsTaskAwaiter())
    {
    }

    internal override Task? TaskOf(CoroutineBox box) => IsReplaceable && FindField(box, out var task) is not null ? task : null;

    internal override bool TryFail(CoroutineBox box, Exception exception)
    {
        if (!IsReplaceable || FindField(box, out _) is not { } field)
        {
            return false;
        }

        box.WriteField(field, Failed(exception)!);
        return true;
    }

    /// <summary>The task that it waits for; null where it is not known to wait for a task, or cannot be interrupted.</summary>
    internal Task? TaskOf(ref TAwaiter awaiter) => IsReplaceable ? Unsafe.As<TAwaiter, Task?>(ref awaiter) : null;

    /// <summary>Only for types that wait for tasks. A failed task with any type of result will do: whether it failed is checked before anything
    /// else.</summary>
    internal static TAwaiter? Failed(Exception exception)
    {
        var task = Task.FromException(exception);
        _ = task.Exception;      // observed: a method that is never resumed loses nothing
        TAwaiter? failed = default;
        Unsafe.As<TAwaiter?, object>(ref failed) = task;
        return failed;
    }

    // One field for each type; where two type parameters are the same type there are two, and the unused one is empty.
    private static FieldInfo? FindField(CoroutineBox box, out Task? task)
    {
        task = null;
        FieldInfo? only = null;
        int ofThisType = 0;
        foreach (var field in box.Fields)
        {
            if (field.FieldType != typeof(TAwaiter))
            {
                continue;
            }

            only = field;
            ofThisType++;
            if (field.Name.StartsWith(FieldName, StringComparison.Ordinal) && TaskIn(box, field) is { } awaited)
            {
                task = awaited;
                return field;
            }
        }

        task = ofThisType == 1 ? TaskIn(box, only!) : null;
        return task is null ? null : only;
    }

    private static Task? TaskIn(CoroutineBox box, FieldInfo field)
    {
        var awaiter = (TAwaiter)box.ReadField(field)!;
        return Unsafe.As<TAwaiter, Task?>(ref awaiter);
    }

    private static bool IsTaskAwaiter()
    {
        var type = typeof(TAwaiter);
        var open = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        int size = open == typeof(TaskAwaiter) || open == typeof(TaskAwaiter<>) ? IntPtr.Size
            : open == typeof(ConfiguredTaskAwaitable.ConfiguredTaskAwaiter) || open == typeof(ConfiguredTaskAwaitable<>.ConfiguredTaskAwaiter) ? 2 * IntPtr.Size
            : 0;
        return size != 0 && Unsafe.SizeOf<TAwaiter>() == size;
    }
}
