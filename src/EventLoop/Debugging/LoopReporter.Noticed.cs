using System.Diagnostics;
using System.Reflection;
using EventLoop.Foreign;
using EventLoop.Reporting;
using EventLoop.Scheduling;

namespace EventLoop.Debugging;

// Findings that go to the log, most of them only in debug mode.
internal sealed partial class LoopReporter
{
    [ThreadStatic]
    private static bool reportingBlock;

    /// <summary>Work for another thread has returned a task that has not ended, as asynchronous functions do at their first wait.</summary>
    internal void WorkReturnedTask(MethodInfo work)
    {
        if ((asynchronousWork ??= []).Add(work))
        {
            Log.WorkReturnedTask(Target, MethodNames.Readable(work.Name), loop.Name);
        }
    }

    private HashSet<MethodInfo>? asynchronousWork;      // methods that were reported already; debug mode only

    internal void WrongThread(string member)
    {
        if (loop.Debug)
        {
            Log.WrongThread(Target, member, loop.Name);
        }
    }

    internal void SocketForgotten(string peer, string? createdAt)
    {
        if (loop.Debug)
        {
            Log.SocketForgotten(Target, peer, loop.Name, createdAt is null ? "" : $"\nCreated at:\n{createdAt}");
        }
    }

    /// <summary>Any thread. Everything that needed a closed loop comes back piece by piece.</summary>
    internal void LateContinuation()
    {
        if (lateContinuations.IsWorthTelling(out long number))
        {
            Log.LateContinuation(Target, loop.Name, ReportThrottle.InWords(number));
        }
    }

    private ReportThrottle lateContinuations;

    internal void CancellationSwallowed(LoopTask task) => Log.CancellationSwallowed(Target, task.Label, task.CancelRequests);

    internal void AwaitAbandoned(LoopTask task, ForeignWait wait, Task awaited)
    {
        if (loop.Debug)
        {
            Log.AwaitAbandoned(Target, task.Label, MethodNames.OfTask(awaited), wait.MethodName);
        }
    }

    internal void CancellationRefused(LoopTask task, ForeignWait wait) =>
        Log.CancellationRefused(
            Target,
            task.Label,
            wait.MethodName,
            wait.Description,
            wait.IsInterruptible
                ? "it was given the token and has not ended; when its grace is over (LoopOptions.ForeignGrace) the wait is abandoned"
                : "a cancellation cannot interrupt that: give it Loop.CancellationToken, or await it with OnLoop()");

    internal void StepTimed(LoopContext? context, TimeSpan duration)
    {
        if (loop.Debug && duration > loop.Options.SlowStepThreshold && !Debugger.IsAttached)
        {
            Log.SlowStep(Target, Who(context), duration.TotalMilliseconds, loop.Name, loop.Options.SlowStepThreshold.TotalMilliseconds);
        }
    }

    internal void BlockingWait()
    {
        if (reportingBlock || !loop.Core.IsInLoopThread || !loop.Core.IsRunning)
        {
            return;
        }

        if (loop.Options.BlockingCalls == BlockingCallPolicy.Throw)
        {
            BlockingCallSeen ??= $"{Who(loop.Core.Current)} tried to block the loop's thread:\n{new StackTrace(skipFrames: 2, fNeedFileInfo: true)}";
            throw new InvalidOperationException(
                $"{Who(loop.Core.Current)} would block the thread of loop '{loop.Name}', and with it everything that runs there. Await the operation, or move "
                    + "it to Loop.ToThread(...).");
        }

        reportingBlock = true;
        try
        {
            Log.BlockingCall(Target, Who(loop.Core.Current), loop.Name, new StackTrace(skipFrames: 2, fNeedFileInfo: true).ToString());
        }
        finally
        {
            reportingBlock = false;
        }
    }

    /// <summary>The first blocking call that was refused, kept because code may swallow the refusal.</summary>
    internal string? BlockingCallSeen { get; private set; }

    /// <summary>Called when the loop parks without a deadline and with nothing pending. Only in debug mode.</summary>
    internal void NothingLeft()
    {
        if (!deadlockReported && loop.Debug && WaitReport.IsCertainDeadlock(loop))
        {
            deadlockReported = true;
            Log.Deadlock(Target, loop.Name, loop.ReportWaits());
        }
    }

    private bool deadlockReported;

    /// <summary>Any thread.</summary>
    internal void StepStuck(TimeSpan since)
    {
        if (!Debugger.IsAttached)
        {
            var context = loop.Core.Current;
            string resumed = loop.StepTiming?.StepMethod is { } method ? $". It resumed in {method}" : "";
            string waited = context?.Task is { } task && WaitReport.StackOf(task) is { Length: > 0 } stack ? $". It waited last in {stack}" : "";
            Log.StuckStep(Target, Who(context), since.TotalSeconds, loop.Name, resumed + waited);
        }
    }

    private string Who(LoopContext? context) => context?.Task is { } task ? task.Label
        : loop.StepTiming?.RunningCode is { } code ? $"the callback '{MethodNames.OfDelegate(code)}'"
        : "a callback";
}
