using System.Reflection;
using EventLoop.Cancellation;
using EventLoop.Debugging;
using EventLoop.Diagnostics;
using EventLoop.Foreign;
using EventLoop.Reporting;

namespace EventLoop;

// Exceptions that nobody else catches, and findings of debug mode: the rooms below tell the loop, and its reporter does the rest.
public sealed partial class Loop
{
    /// <summary>Receives every exception that nobody else will see; null means <see cref="DefaultExceptionHandler"/>. asyncio:
    /// <c>set_exception_handler</c>.</summary>
    /// <remarks>It runs on the loop's thread; what is found lost or fails after the loop was closed is reported on whichever thread that is. If it throws,
    /// that is logged, and the default handler takes over.</remarks>
    public Action<Loop, LoopExceptionContext>? ExceptionHandler { get; set; }

    /// <summary>Reports failures and findings to the handler or to the log.</summary>
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

    /// <summary>Passes something to the exception handler, as the loop itself does.</summary>
    /// <param name="context">What happened.</param>
    public void CallExceptionHandler(LoopExceptionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        DiagnosticsIfAny?.Write(DumpCauses.UnhandledException);
        Reports.CallHandler(context);
    }

    /// <summary>Whether an exception that leaves something cancelled counts as its cancellation.</summary>
    internal bool IsCancellation(Exception exception) => CancellationVerdict.IsCancellation(this, exception);

    internal void OnCallbackFailed(Exception exception) => Reports.CallbackFailed(exception);

    /// <summary>Reports that callbacks of a token that fired have failed. Any thread.</summary>
    internal void OnTokenCallbackFailed(Exception failures) => Reports.TokenCallbackFailed(failures);

    /// <summary>Reports an exception that nobody retrieved. Any thread; while the loop is open its own thread handles it.</summary>
    internal void ReportLoss(LoopExceptionContext context) => Reports.Loss(context);

    /// <summary>Reports a continuation that came back after the loop was closed. Any thread.</summary>
    internal void OnLateContinuation() => Reports.LateContinuation();

    internal void OnWorkReturnedTask(MethodInfo work) => Reports.WorkReturnedTask(work);

    internal void OnSocketForgotten(string peer, string? createdAt) => Reports.SocketForgotten(peer, createdAt);

    internal void OnCancellationSwallowed(LoopTask task) => Reports.CancellationSwallowed(task);

    internal void OnAwaitAbandoned(LoopTask task, ForeignWait wait, Task awaited) => Reports.AwaitAbandoned(task, wait, awaited);

    internal void OnCancellationRefused(LoopTask task, ForeignWait wait) => Reports.CancellationRefused(task, wait);
}
