using Microsoft.Extensions.Logging;

namespace EventLoop.Debugging;

/// <summary>Everything that the library logs. Event IDs are stable.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "{Message}{Origin}", EventName = "UnhandledException")]
    internal static partial void Unhandled(ILogger logger, Exception? exception, string message, string origin);

    [LoggerMessage(2, LogLevel.Warning,
        "A step of {Who} took {Milliseconds:F1} ms and held up loop '{Loop}' (threshold {Threshold:F0} ms). Move the work to Loop.ToThread(...), or await "
        + "Loop.Yield() in between", EventName = "SlowStep")]
    internal static partial void SlowStep(ILogger logger, string who, double milliseconds, string loop, double threshold);

    [LoggerMessage(3, LogLevel.Warning,
        "{Who} blocks the thread of loop '{Loop}': nothing else runs meanwhile. Await instead of waiting, or use Loop.ToThread(...)\n{Stack}",
        EventName = "BlockingCall")]
    internal static partial void BlockingCall(ILogger logger, string who, string loop, string stack);

    [LoggerMessage(4, LogLevel.Warning,
        "A continuation came back to loop '{Loop}' after it was closed; ordinary async methods resume on the thread pool, coroutines end here{Times}",
        EventName = "LateContinuation")]
    internal static partial void LateContinuation(ILogger logger, string loop, string times);

    [LoggerMessage(5, LogLevel.Warning,
        "{Task} ran to completion although it was cancelled {Requests} time(s): something in it caught the cancellation and did not rethrow it",
        EventName = "CancellationSwallowed")]
    internal static partial void CancellationSwallowed(ILogger logger, string task, int requests);

    [LoggerMessage(6, LogLevel.Error, "Loop '{Loop}' gave up on {Count} task(s) that did not end within {Timeout} of their cancellation: {Tasks}",
        EventName = "ShutdownTimedOut")]
    internal static partial void ShutdownTimedOut(ILogger logger, string loop, int count, TimeSpan timeout, string tasks);

    [LoggerMessage(7, LogLevel.Error, "The exception handler of loop '{Loop}' threw; the default handler takes over", EventName = "ExceptionHandlerFailed")]
    internal static partial void HandlerFailed(ILogger logger, Exception exception, string loop);

    [LoggerMessage(8, LogLevel.Warning, "{Member} of loop '{Loop}' was called from another thread", EventName = "WrongThread")]
    internal static partial void WrongThread(ILogger logger, string member, string loop);

    [LoggerMessage(9, LogLevel.Error, "Loop '{Loop}' has come to a standstill: unless another thread posts to it, nothing on it will ever run again\n{Report}",
        EventName = "Deadlock")]
    internal static partial void Deadlock(ILogger logger, string loop, string report);

    [LoggerMessage(31, LogLevel.Warning, "{Stall}", EventName = "Stall")]
    internal static partial void Stalled(ILogger logger, string stall);

    [LoggerMessage(32, LogLevel.Error, "{What} (loop '{Loop}')", EventName = "DiagnosticsFailed")]
    internal static partial void DiagnosticsFailed(ILogger logger, Exception exception, string what, string loop);

    [LoggerMessage(30, LogLevel.Warning,
        "A step of {Who} has been running for {Seconds:F1} s and has not ended; nothing else runs on loop '{Loop}' meanwhile{Where}. Move the work to "
        + "Loop.ToThread(...), or await Loop.Yield() in between", EventName = "StuckStep")]
    internal static partial void StuckStep(ILogger logger, string who, double seconds, string loop, string where);

    [LoggerMessage(10, LogLevel.Warning,
        "A socket to {Peer} was never closed: nobody holds it any more, so loop '{Loop}' closes it. Dispose it, or what owns it{Origin}",
        EventName = "SocketForgotten")]
    internal static partial void SocketForgotten(ILogger logger, string peer, string loop, string origin);

    [LoggerMessage(20, LogLevel.Warning,
        "The main of loop '{Loop}' is done while {Count} task(s) still run; they are cancelled now: {Tasks}. Await what shall end by itself before main "
        + "returns", EventName = "LeftRunning")]
    internal static partial void LeftRunning(ILogger logger, string loop, int count, string tasks);

    [LoggerMessage(21, LogLevel.Warning,
        "{Task} was cancelled and no longer awaits {What} in {Method}, which runs on by itself. Give it Loop.CancellationToken, so that it ends, too",
        EventName = "AwaitAbandoned")]
    internal static partial void AwaitAbandoned(ILogger logger, string task, string what, string method);

    [LoggerMessage(22, LogLevel.Warning, "{Task} was cancelled a second ago, and its {Method} still awaits a {What}: {Why}", EventName = "CancellationRefused")]
    internal static partial void CancellationRefused(ILogger logger, string task, string method, string what, string why);

    [LoggerMessage(23, LogLevel.Warning, "A handler that was bound to loop '{Loop}' was called after the loop was closed, and was not run",
        EventName = "BoundHandlerDropped")]
    internal static partial void BoundHandlerDropped(ILogger logger, string loop);

    [LoggerMessage(24, LogLevel.Warning,
        "The work in {Method} that loop '{Loop}' gave to another thread returned a Task that has not ended: it is asynchronous, and ended there with its "
        + "first await. Await what it returned, too (await await ...), or call it without ToThread", EventName = "WorkReturnedTask")]
    internal static partial void WorkReturnedTask(ILogger logger, string method, string loop);

    [LoggerMessage(25, LogLevel.Warning,
        "The thread pool has had no thread to spare for {Seconds:F0} s, and signals that loop '{Loop}' listens to come by way of it: they come late. Something "
        + "blocks its threads", EventName = "PoolStarved")]
    internal static partial void PoolStarved(ILogger logger, string loop, double seconds);
}
