using System.Diagnostics;

namespace EventLoop.Reporting;

/// <summary>Finds out whether a call from a wrong place is in an async method that an await has resumed there, usually by
/// <c>ConfigureAwait(false)</c>.</summary>
internal static class LeftLoopFinder
{
    /// <summary>The method, and where in it the call is, if that is known; null: no async method was resumed on this thread.</summary>
    internal static string? FindMethod()
    {
        string own = typeof(LeftLoopFinder).Assembly.GetName().Name!;
        string? method = null;      // the state machine that the previous frame belongs to
        foreach (var frame in new StackTrace(fNeedFileInfo: true).GetFrames())
        {
            // Innermost first: the library, the code that calls it, and whatever has started or resumed that.
            if (DiagnosticMethodInfo.Create(frame) is not { DeclaringTypeName: { } type } info)
            {
                return null;
            }

            if (info.DeclaringAssemblyName.Split(',')[0] == own)
            {
                continue;
            }

            if (method is not null && IsResumption(type))
            {
                return method;
            }

            if (type.StartsWith("System.", StringComparison.Ordinal) && !IsStart(type))
            {
                return null;      // a thread, a reflective call: whatever is above is unrelated
            }

            method = NameOf(type, info.Name, frame);
        }

        return null;
    }

    internal static string Explain(string method) =>
        $"The async method {method} was resumed on this thread by an await that does not come back to the loop: one with ConfigureAwait(false), or any if "
            + "the method was started elsewhere. "
        + "To stay on the loop leave ConfigureAwait(false) out, or make it an async Coroutine method, which always resumes on its loop; to come back call "
            + "loop.Submit(...) or loop.Post(...).";

    private static string? NameOf(string type, string name, StackFrame frame)
    {
        if (name != "MoveNext" || IsResumption(type))
        {
            return null;
        }

        string[] nested = type.Split('+');
        string owner = nested.Length > 1 ? MethodNames.Readable(nested[0].Split('.')[^1]) + "." : "";
        string readable = owner + MethodNames.Readable(nested[^1]);
        return frame.GetFileName() is { } file ? $"{readable} ({Path.GetFileName(file)}, line {frame.GetFileLineNumber()})" : readable;
    }

    // Whether the type calls the first step of an async method.
    private static bool IsStart(string type) => type.StartsWith("System.Runtime.CompilerServices.Async", StringComparison.Ordinal);

    // Whether the type calls a state machine when what it awaited has ended; its first step is called by the method itself.
    private static bool IsResumption(string type) =>
        type.StartsWith("System.Threading.ExecutionContext", StringComparison.Ordinal) || type.Contains("AsyncStateMachineBox", StringComparison.Ordinal);
}
