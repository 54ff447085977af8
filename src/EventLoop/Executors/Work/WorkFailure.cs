using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace EventLoop.Executors.Work;

/// <summary>An exception of work on its way back.</summary>
/// <param name="TypeName">Qualified by its assembly, so that it can be made again.</param>
/// <param name="FullName">For people.</param>
/// <param name="Message">The exception's message.</param>
/// <param name="Stack">Where it was thrown, followed by the inner exceptions.</param>
/// <param name="IsCancellation">Whether the work responded to its token.</param>
internal sealed record WorkFailure(string TypeName, string FullName, string Message, string Stack, bool IsCancellation)
{
    internal static WorkFailure Of(Exception failure)
    {
        var type = failure.GetType();
        return new WorkFailure(
            type.AssemblyQualifiedName ?? type.FullName ?? type.Name,
            type.FullName ?? type.Name,
            Guarded(() => failure.Message, "(its message cannot be read)"),
            Guarded(() => StackOf(failure), ""),
            failure is OperationCanceledException);
    }

    /// <summary>An exception of the same type, if that can be made from a message and an inner exception, with the other process's stack; otherwise a
    /// <see cref="WorkerTaskException"/>.</summary>
    internal Exception ToException()
    {
        var made = TryMake() ?? new WorkerTaskException($"{FullName}: {Message}", FullName);
        if (Stack.Length > 0)
        {
            ExceptionDispatchInfo.SetRemoteStackTrace(made, Stack);
        }

        return made;
    }

    // A constructor with a single string is not used: that string is often the name of a parameter.
    [UnconditionalSuppressMessage("Trimming", "IL2057", Justification = "What is not there is told by another exception.")]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "As above.")]
    private Exception? TryMake()
    {
        try
        {
            return Type.GetType(TypeName) is { } type && type.IsAssignableTo(typeof(Exception))
                && type.GetConstructor([typeof(string), typeof(Exception)]) is { } constructor
                ? (Exception)constructor.Invoke([Message, null])
                : null;
        }
        catch (Exception)
        {
            return null;      // whatever a foreign constructor does
        }
    }

    private static string StackOf(Exception failure)
    {
        string own = failure.StackTrace ?? "";
        return failure.InnerException is { } inner ? $"{inner}\n   --- End of inner exception stack trace ---\n{own}\n" : own.Length > 0 ? own + "\n" : "";
    }

    private static string Guarded(Func<string> read, string otherwise)
    {
        try
        {
            return read();
        }
        catch (Exception)
        {
            return otherwise;
        }
    }
}
