using EventLoop.Reporting;
using EventLoop.Scheduling;

namespace EventLoop.Debugging;

/// <summary>What a loop reports: failures that nobody catches go to its exception handler, other findings go to the log.</summary>
/// <remarks>Loop thread only, unless a member says otherwise.</remarks>
[StackTraceHidden]
internal sealed partial class LoopReporter(Loop loop)
{
    /// <summary>The log. Any thread.</summary>
    internal GuardedLogger Target { get; } = new(loop.Options.LoggerFactory?.CreateLogger("EventLoop.Loop"));

    internal void WriteToLog(LoopExceptionContext context) =>
        Log.Unhandled(Target, context.Exception, context.Message, context.CreatedAt is { } origin ? $"\nCreated at:\n{origin}" : "");

    /// <summary>Calls the loop's handler; if that throws, that is reported as well, and the first failure is logged. Any thread.</summary>
    internal void CallHandler(LoopExceptionContext context)
    {
        if (loop.ExceptionHandler is not { } handler)
        {
            WriteToLog(context);
            return;
        }

        try
        {
            handler(loop, context);
        }
        catch (LoopExitException exit)
        {
            loop.Core.ExitException ??= exit;
        }
        catch (Exception exception)
        {
            Log.HandlerFailed(Target, exception, loop.Name);
            WriteToLog(context);
        }
    }

    internal void CallbackFailed(Exception exception, Handle? handle = null, string? createdAt = null)
    {
        if (exception is LoopExitException)
        {
            loop.Core.ExitException ??= exception;
            return;
        }

        loop.CallExceptionHandler(new LoopExceptionContext("An exception was thrown in a callback", exception, Handle: handle, CreatedAt: createdAt));
    }

    /// <summary>Any thread, in the middle of anything; so the handler is called in a step of its own.</summary>
    internal void ClockFailed(Exception exception, long count)
    {
        string text = $"The clock of loop '{loop.Name}' ({loop.Options.TimeProvider.GetType().Name}) threw; the loop goes by the system's time until it "
            + $"answers again{ReportThrottle.InWords(count)}";
        loop.Core.Arrive(new LossReport(loop, new LoopExceptionContext(text, exception)));
    }

    /// <summary>A timer of a virtual clock has thrown while the loop looked at that clock.</summary>
    internal void TimerFailed(Exception exception) =>
        loop.CallExceptionHandler(new LoopExceptionContext("An exception was thrown in a timer of the loop's clock", exception));

    /// <summary>Something was posted to the loop while it slept, and it kept sleeping.</summary>
    internal void WakeUpLost() => loop.CallExceptionHandler(new LoopExceptionContext(
        $"A post to loop '{loop.Name}' did not wake it, and waited until the loop looked around by itself. Probably something in this process has closed a "
            + "descriptor that was not its own, and it was the loop's. It has a new one now"));

    /// <summary>Callbacks of a token that fired have failed. Any thread.</summary>
    internal void TokenCallbackFailed(Exception failures) =>
        Loss(new LoopExceptionContext("An exception was thrown in a callback of a cancellation token", failures));

    // A loss is usually found by the finalizer thread; the handler should run on the loop's, while there is one.
    internal void Loss(LoopExceptionContext context)
    {
        if (loop.Core.IsInLoopThread || loop.IsClosed)
        {
            loop.CallExceptionHandler(context);
            return;
        }

        loop.Core.Arrive(new LossReport(loop, context));
    }

    /// <summary>A report on its way to the handler. If the loop closes first, it gets there nevertheless.</summary>
    private sealed class LossReport : LoopItem
    {
        private readonly Loop loop;
        private readonly LoopExceptionContext context;

        internal LossReport(Loop loop, LoopExceptionContext context)
        {
            this.loop = loop;
            this.context = context;
            Context = loop.Core.BaseContext;
        }

        internal override void Execute()
        {
            loop.Core.ThreadContexts.RestoreFlow(null);
            loop.CallExceptionHandler(context);
        }

        internal override void OnRejected(LoopCore core) => loop.CallExceptionHandler(context);
    }
}
