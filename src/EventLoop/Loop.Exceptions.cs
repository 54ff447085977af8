using System.Diagnostics;
using EventLoop.Diagnostics;
using EventLoop.Foreign;
using EventLoop.Reporting;
using EventLoop.Scheduling;

namespace EventLoop;

// What nobody else catches, and what debug mode notices.
public sealed partial class Loop
{
    [ThreadStatic]
    private static bool reportingBlock;

    /// <summary>Notified of every exception that nobody else will see; null: <see cref="DefaultExceptionHandler"/>. asyncio:
    /// <c>set_exception_handler</c>.</summary>
    /// <remarks>It runs on the loop's thread; for what is found lost, or goes wrong, after the loop was closed, on whichever thread that is. What it throws is
    /// logged, and the default handler takes over.</remarks>
    public Action<Loop, LoopExceptionContext>? ExceptionHandler { get; set; }

    private GuardedLogger LogTarget { get; }

    /// <inheritdoc cref="ExceptionHandler"/>
    /// <param name="handler">Null: the default handler.</param>
    public void SetExceptionHandler(Action<Loop, LoopExceptionContext>? handler) => ExceptionHandler = handler;

    /// <summary>Logs; without a logger writes to standard error.</summary>
    /// <param name="context">What happened.</param>
    public void DefaultExceptionHandler(LoopExceptionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Log.Unhandled(LogTarget, context.Exception, context.Message, context.CreatedAt is { } origin ? $"\nCreated at:\n{origin}" : "");
    }

    /// <summary>Hands something to the exception handler, as the loop itself does.</summary>
    /// <param name="context">What happened.</param>
    public void CallExceptionHandler(LoopExceptionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        DiagnosticsIfAny?.Write(EventLoop.Diagnostics.DumpCauses.UnhandledException);
        if (ExceptionHandler is not { } handler)
        {
            DefaultExceptionHandler(context);
            return;
        }

        try
        {
            handler(this, context);
        }
        catch (LoopExitException exit)
        {
            Core.ExitException ??= exit;
        }
        catch (Exception exception)
        {
            Log.HandlerFailed(LogTarget, exception, Name);
            DefaultExceptionHandler(context);
        }
    }

    internal void OnCallbackFailed(Exception exception, Handle? handle = null, string? createdAt = null)
    {
        if (exception is LoopExitException)
        {
            Core.ExitException ??= exception;
            return;
        }

        CallExceptionHandler(new LoopExceptionContext("An exception was thrown in a callback", exception, Handle: handle, CreatedAt: createdAt));
    }

    /// <summary>Any thread, in the middle of anything: so it is notified in a step of its own.</summary>
    private void OnClockFailed(Exception exception, long count)
    {
        string text = $"The clock of loop '{Name}' ({options.TimeProvider.GetType().Name}) threw; the loop goes by the system's time until it answers "
            + $"again{Recurrence.InWords(count)}";
        Core.Arrive(new LossReport(this, new LoopExceptionContext(text, exception)));
    }

    /// <summary>What a timer of a virtual clock threw, inside the loop's look at that clock.</summary>
    internal void OnTimerFailed(Exception exception) =>
        CallExceptionHandler(new LoopExceptionContext("An exception was thrown in a timer of the loop's clock", exception));

    /// <summary>Work for another thread has returned a task that has not ended, as asynchronous functions do at their first wait.</summary>
    private void OnWorkReturnedTask(System.Reflection.MethodInfo work)
    {
        if ((asynchronousWork ??= []).Add(work))
        {
            Log.WorkReturnedTask(LogTarget, MethodNames.Readable(work.Name), Name);
        }
    }

    private HashSet<System.Reflection.MethodInfo>? asynchronousWork;      // that was named already; debug mode only

    /// <summary>Callbacks of a token that fired have failed. Any thread.</summary>
    internal void OnTokenCallbackFailed(Exception failures) =>
        ReportLoss(new LoopExceptionContext("An exception was thrown in a callback of a cancellation token", failures));

    /// <summary>Whether an exception that leaves what was cancelled tells of that.</summary>
    internal bool IsCancellation(Exception exception)
    {
        if (exception is OperationCanceledException or LoopExitException || options.IsCancellation is not { } counts)
        {
            return exception is OperationCanceledException;
        }

        bool answer = false;
        Core.RunAside(
            asked =>
            {
                try
                {
                    answer = counts(asked);
                }
                catch (Exception failure)
                {
                    OnCallbackFailed(failure);
                }
            },
            exception);
        return answer;
    }

    internal void OnWrongThread(string member)
    {
        if (Debug)
        {
            Log.WrongThread(LogTarget, member, Name);
        }
    }

    internal void OnSocketForgotten(string peer, string? createdAt)
    {
        if (Debug)
        {
            Log.SocketForgotten(LogTarget, peer, Name, createdAt is null ? "" : $"\nCreated at:\n{createdAt}");
        }
    }

    /// <summary>Any thread. All that a closed loop was needed for comes back one by one.</summary>
    internal void OnLateContinuation()
    {
        if (lateContinuations.IsWorthTelling(out long number))
        {
            Log.LateContinuation(LogTarget, Name, Recurrence.InWords(number));
        }
    }

    private Recurrence lateContinuations;

    internal void OnCancellationSwallowed(LoopTask task) => Log.CancellationSwallowed(LogTarget, task.Label, task.CancelRequests);

    internal void OnAwaitAbandoned(LoopTask task, ForeignWait wait, System.Threading.Tasks.Task awaited)
    {
        if (Debug)
        {
            Log.AwaitAbandoned(LogTarget, task.Label, MethodNames.OfTask(awaited), wait.MethodName);
        }
    }

    internal void OnCancellationRefused(LoopTask task, ForeignWait wait) =>
        Log.CancellationRefused(
            LogTarget,
            task.Label,
            wait.MethodName,
            wait.Description,
            wait.IsInterruptible
                ? "it was given the token and has not ended; when its grace is over (LoopOptions.ForeignGrace) the wait is abandoned"
                : "a cancellation cannot interrupt that: give it Loop.CancellationToken, or await it with OnLoop()");

    internal void OnStepTimed(LoopContext? context, TimeSpan duration)
    {
        if (Debug && duration > options.SlowStepThreshold && !Debugger.IsAttached)
        {
            Log.SlowStep(LogTarget, Who(context), duration.TotalMilliseconds, Name, options.SlowStepThreshold.TotalMilliseconds);
        }
    }

    internal void OnBlockingWait()
    {
        if (reportingBlock || !Core.IsInLoopThread || !Core.IsRunning)
        {
            return;
        }

        if (options.BlockingCalls == BlockingCallPolicy.Throw)
        {
            BlockingCallSeen ??= $"{Who(Core.Current)} tried to block the loop's thread:\n{new StackTrace(skipFrames: 2, fNeedFileInfo: true)}";
            throw new InvalidOperationException(
                $"{Who(Core.Current)} would block the thread of loop '{Name}', and with it everything that runs there. Await the operation, or move it to "
                    + "Loop.ToThread(...).");
        }

        reportingBlock = true;
        try
        {
            Log.BlockingCall(LogTarget, Who(Core.Current), Name, new StackTrace(skipFrames: 2, fNeedFileInfo: true).ToString());
        }
        finally
        {
            reportingBlock = false;
        }
    }

    /// <summary>The first blocking call that was refused: code that swallows the refusal is still found out.</summary>
    internal string? BlockingCallSeen { get; private set; }

    /// <summary>It parks without a deadline and with nothing under way. Only debug mode asks.</summary>
    internal void OnNothingLeft()
    {
        if (!deadlockReported && Debug && WaitReport.OfCertainDeadlock(this) is { } report)
        {
            deadlockReported = true;
            Log.Deadlock(LogTarget, Name, report);
        }
    }

    private bool deadlockReported;

    /// <summary>Any thread.</summary>
    internal void OnStepStuck(TimeSpan since)
    {
        if (!Debugger.IsAttached)
        {
            var context = Core.Current;
            string resumed = stepTimer?.StepMethod is { } method ? $". It resumed in {method}" : "";
            string waited = context?.Task is { } task && WaitReport.StackOf(task) is { Length: > 0 } stack ? $". It waited last in {stack}" : "";
            Log.StuckStep(LogTarget, Who(context), since.TotalSeconds, Name, resumed + waited);
        }
    }

    private string Who(LoopContext? context) => context?.Task is { } task ? task.Label
        : stepTimer?.RunningCode is { } code ? $"the callback '{MethodNames.OfDelegate(code)}'"
        : "a callback";

    // A loss is found by the finalizer thread as a rule; the handler shall run on the loop's, while there is one.
    private void ReportLoss(LoopExceptionContext context)
    {
        if (Core.IsInLoopThread || closed)
        {
            CallExceptionHandler(context);
            return;
        }

        Core.Arrive(new LossReport(this, context));
    }

    /// <summary>On its way to the handler. If the loop closes first, it gets there all the same.</summary>
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

        internal override void Execute() => loop.CallExceptionHandler(context);

        internal override void OnRejected(LoopCore core) => loop.CallExceptionHandler(context);
    }
}
