using System.Reflection;
using EventLoop.Cancellation;
using EventLoop.Debugging;
using EventLoop.Diagnostics;
using EventLoop.Foreign;
using EventLoop.Reporting;

namespace EventLoop;

// What nobody else catches, and what debug mode notices: the rooms below tell the loop, its reporter does the rest.
public sealed partial class Loop
{
    /// <summary>Notified of every exception that nobody else will see; null: <see cref="DefaultExceptionHandler"/>. asyncio:
    /// <c>set_exception_handler</c>.</summary>
    /// <remarks>It runs on the loop's thread; for what is found lost, or goes wrong, after the loop was closed, on whichever thread that is. What it throws is
    /// logged, and the default handler takes over.</remarks>
    public Action<Loop, LoopExceptionContext>? ExceptionHandler { get; set; }

    /// <summary>Says what went wrong, or what was noticed: to the handler or to the log.</summary>
    internal LoopReporter Reports { get; }

    private GuardedLogger LogTarget => Reports.Target;

    /// <inheritdoc cref="ExceptionHandler"/>
    /// <param name="handler">Null: the default handler.</param>
    public void SetExceptionHandler(Action<Loop, LoopExceptionContext>? handler) => ExceptionHandler = handler;

    /// <summary>Logs; without a logger writes to standard error.</summary>
    /// <param name="context">What happened.</param>
    public void DefaultExceptionHandler(LoopExceptionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Reports.WriteToLog(context);
    }

    /// <summary>Hands something to the exception handler, as the loop itself does.</summary>
    /// <param name="context">What happened.</param>
    public void CallExceptionHandler(LoopExceptionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        DiagnosticsIfAny?.Write(DumpCauses.UnhandledException);
        Reports.CallHandler(context);
    }

    /// <summary>Whether an exception that leaves what was cancelled tells of that.</summary>
    internal bool IsCancellation(Exception exception) => CancellationVerdict.IsCancellation(this, exception);

    internal void OnCallbackFailed(Exception exception) => Reports.CallbackFailed(exception);

    /// <summary>Callbacks of a token that fired have failed. Any thread.</summary>
    internal void OnTokenCallbackFailed(Exception failures) => Reports.TokenCallbackFailed(failures);

    /// <summary>A lost exception was found. Any thread; while the loop is open its own thread handles it.</summary>
    internal void ReportLoss(LoopExceptionContext context) => Reports.Loss(context);

    /// <summary>A continuation has come back to the loop after it was closed. Any thread.</summary>
    internal void OnLateContinuation() => Reports.LateContinuation();

    internal void OnWorkReturnedTask(MethodInfo work) => Reports.WorkReturnedTask(work);

    internal void OnSocketForgotten(string peer, string? createdAt) => Reports.SocketForgotten(peer, createdAt);

    internal void OnCancellationSwallowed(LoopTask task) => Reports.CancellationSwallowed(task);

    internal void OnAwaitAbandoned(LoopTask task, ForeignWait wait, Task awaited) => Reports.AwaitAbandoned(task, wait, awaited);

    internal void OnCancellationRefused(LoopTask task, ForeignWait wait) => Reports.CancellationRefused(task, wait);
}
