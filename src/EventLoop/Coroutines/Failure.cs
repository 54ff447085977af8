using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace EventLoop.Coroutines;

/// <summary>
/// An exception on its way up a chain of coroutines. Each level rethrows it and would lengthen, and copy, its stack trace: quadratic in the depth, minutes for
/// a chain of 100 000. So beyond some levels it is rethrown with the trace that it had there.
/// </summary>
[StackTraceHidden]
internal sealed class Failure
{
    private const int DeepestTrace = 64;

    private readonly ExceptionDispatchInfo dispatch;
    private readonly int level;

    private Failure(Exception exception, int level)
    {
        dispatch = ExceptionDispatchInfo.Capture(exception);
        this.level = level;
    }

    internal Exception Exception => dispatch.SourceException;

    /// <summary>Whether what ends with it is canceled and not failed.</summary>
    internal bool IsCancellation => Exception is LoopCanceledException;

    /// <param name="exception">The exception that a coroutine has thrown.</param>
    /// <param name="latest">The failure that was rethrown last, which may be the same exception, one level further down.</param>
    internal static Failure Of(Exception exception, Failure? latest) =>
        latest is null || !ReferenceEquals(latest.Exception, exception) ? new Failure(exception, 0)
        : latest.level < DeepestTrace ? new Failure(exception, latest.level + 1)
        : latest;

    [DoesNotReturn]
    internal void Rethrow() => dispatch.Throw();
}
