using System.Diagnostics;
using EventLoop.Cancellation;
using EventLoop.Combining;
using EventLoop.Debugging;
using EventLoop.Foreign;
using EventLoop.Reporting;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Running;

/// <summary>The end of a run and of a loop: nothing new is accepted, tasks are cancelled and awaited, the executor is drained while the loop turns.</summary>
/// <remarks>Its state belongs to the loop's thread, unless a field says otherwise.</remarks>
internal sealed class LoopShutdown(Loop loop)
{
    /// <summary>How long cleanup code has after a second interrupt.</summary>
    internal static readonly TimeSpan HurriedEnd = TimeSpan.FromSeconds(1);

    /// <summary>How long cleanup code has in each phase of an end for which no time is left: enough for what heeds its cancellation at once.</summary>
    internal static readonly TimeSpan LastTurns = TimeSpan.FromMilliseconds(100);

    private readonly HashSet<LoopTask> abandoned = [];
    private Exception? exitAtEnd;
    private bool isHurried;
    private volatile bool hasBegun;           // any thread
    private volatile bool hasDisposed;        // read on any thread; for good
    private volatile bool isDrained;          // read on any thread
    private volatile bool isOver;             // any thread
    private volatile bool hasNoTime;          // any thread; for good
    private long passed;                      // any thread: the time limit of the current phase, in ticks, once it has passed
    private long phaseStart;

    /// <summary>Whether nothing more can be submitted to the loop. Any thread.</summary>
    internal bool HasBegun => hasBegun;

    /// <summary>Whether its tasks have ended or were given up, and it has begun to dispose of loop-local values. Any thread.</summary>
    internal bool HasDisposed => hasDisposed;

    /// <summary>Whether its tasks have ended or were given up, so that it now waits for the executor's work. Any thread.</summary>
    internal bool IsDraining => isDrained;

    /// <summary>Whether a run has already ended with an exit, which need not be reported again.</summary>
    internal bool HasExited { get; set; }

    /// <summary>Whether a second interrupt came.</summary>
    internal bool IsHurried => isHurried;

    /// <summary>Whether nobody waits for the end any more. Any thread.</summary>
    internal bool HasNoTime => hasNoTime;

    /// <summary>Notified when an interrupt hurries the end.</summary>
    internal Action<LoopInterruptedException>? Hurried { get; set; }

    private LoopCore Core => loop.Core;

    /// <summary>Called when a run begins: whatever hurried the previous one is over.</summary>
    internal void BeginRun() => isHurried = false;

    /// <summary>Called when a phase of the end begins, which has its own time.</summary>
    internal void BeginPhase()
    {
        phaseStart = Stopwatch.GetTimestamp();
        Volatile.Write(ref passed, 0);
        isOver = false;
    }

    /// <summary>Refuses submissions from now on. Any thread.</summary>
    internal void Begin() => hasBegun = true;

    /// <summary>Ends the runs: cancels remaining tasks and waits for them, as long as the options allow; then what is ready gets its turn, and the executor is
    /// drained.</summary>
    /// <returns>The exit that cleanup code asked for, if no run has ended with one before; or the interrupt that hurried the end.</returns>
    internal Exception? FinishRemaining()
    {
        bool exited = HasExited;
        hasBegun = true;
        if (loop.Debug)
        {
            ReportLeftRunning();
        }

        using (var bound = new ShutdownBound(loop))
        {
            CancelRemaining(bound);
            if (abandoned.Count == 0 && Core.HasReady)
            {
                // Done callbacks of main, and what it scheduled last: one turn only, so that a callback that reschedules itself does not keep the loop open.
                Core.RequestStop();
                Core.Run(null);
                KeepExit();
                CancelRemaining(bound);
            }
        }

        DisposeLocals();
        DrainExecutor();
        if (Core.Tasks.Count > 0)
        {
            using var bound = new ShutdownBound(loop);
            CancelRemaining(bound);      // what the executor's last work has started here
        }

        return exited && exitAtEnd is not LoopInterruptedException ? null : exitAtEnd;
    }

    /// <summary>Abandons what has not ended by now. Any thread.</summary>
    /// <param name="limit">The time limit that has passed; zero: there is another reason.</param>
    internal void RunOut(TimeSpan limit = default)
    {
        Volatile.Write(ref passed, limit.Ticks);
        isOver = true;
        Core.RequestStop();
    }

    /// <summary>Abandons what has not ended by now, and if the end has not begun yet, because the loop is in a long step, what has not ended a moment after it
    /// has. Any thread.</summary>
    internal void LeaveNoTime()
    {
        hasNoTime = true;
        Interlocked.MemoryBarrier();      // either this sees that the end has begun, or the end sees the flag
        if (hasBegun)
        {
            RunOut();
        }
    }

    /// <summary>Ends the run with this interrupt; remaining tasks are cancelled (again) and get only a moment.</summary>
    internal void Hurry(LoopInterruptedException interrupt)
    {
        isHurried = true;
        Core.ExitException = interrupt;
        Hurried?.Invoke(interrupt);
    }

    /// <summary>Disposes the values of this loop once the tasks that use them have ended, while the loop can still turn for those that are disposed
    /// asynchronously.</summary>
    internal void DisposeLocals()
    {
        if (loop.Locals.IsEmpty || LoopCore.Running is not null || !loop.IsInLoopThread)
        {
            return;
        }

        hasDisposed = true;
        using var bound = new ShutdownBound(loop);
        bool hurried = isHurried;
        var disposing = LoopTask.Create(Core, DisposeAllLocals(), "disposal of loop-local values", eager: false);
        while (!disposing.IsCompleted && !isOver)
        {
            Core.Run(disposing);
            KeepExit();
            if (hurried != isHurried)
            {
                hurried = isHurried;
                bound.Shorten();
            }
        }

        if (!disposing.IsCompleted)
        {
            disposing.CancelCore("the loop is shutting down");
            Abandon([disposing]);
        }
    }

    /// <summary>Waits for the executor that the loop made. The loop turns meanwhile, because the work may wait for something that only the loop can
    /// do.</summary>
    internal void DrainExecutor()
    {
        if (isDrained || LoopCore.Running is not null || !loop.IsInLoopThread || loop.Executors.EndOwn() is not { } drained)
        {
            return;
        }

        isDrained = true;
        using var bound = new ShutdownBound(loop);
        var ended = ForeignTaskExtensions.Completion(Core, drained, inFlight: true);
        while (!ended.IsCompleted && !isOver && !isHurried)
        {
            Core.Run(ended);
            KeepExit();
        }

        if (!ended.IsCompleted)
        {
            ReportUndrained(Waited);
        }
    }

    /// <summary>After the loop was closed: waits for the executor of a loop that could not turn, because it is another thread's or inside another
    /// loop.</summary>
    internal void WaitForExecutor()
    {
        if (!isDrained && loop.Executors.EndOwn() is { } drained && !drained.Wait(loop.Options.ShutdownTimeout))
        {
            ReportUndrained(loop.Options.ShutdownTimeout);      // waiters for the loop have been notified of its end
        }
    }

    /// <summary>Reports those of them that have not been named yet.</summary>
    internal void ReportPending(List<LoopTask> pending)
    {
        foreach (var task in pending.Where(task => !abandoned.Contains(task)))
        {
            loop.CallExceptionHandler(new LoopExceptionContext($"{task.Label} was destroyed but it is pending", Awaitable: task, CreatedAt: task.CreatedAt));
        }
    }

    /// <summary>Removes them from the lines in which they wait: locks, queues and the like may serve another loop afterwards, and must give nothing to tasks
    /// that will never run again.</summary>
    internal static void LeaveLines(List<LoopTask> tasks)
    {
        foreach (var task in tasks)
        {
            foreach (var node in task.CollectWaits())
            {
                node.Target?.Leave(node);
            }
        }
    }

    private void CancelRemaining(ShutdownBound bound)
    {
        var asked = new HashSet<LoopTask>();
        bool hurried = isHurried;
        while (true)
        {
            var remaining = Core.Tasks.Snapshot();
            remaining.RemoveAll(abandoned.Contains);
            if (remaining.Count == 0)
            {
                return;
            }

            foreach (var task in remaining.Where(asked.Add))
            {
                using (CancelTrail.Begin(Core, "end of the run"))
                {
                    task.CancelCore("the loop is shutting down");
                }
            }

            var all = new ReturnWhenWait([.. remaining], ReturnWhen.AllCompleted);
            var ended = new LoopFuture(loop);
            all.WhenReady(() => ended.TrySetResult());
            all.Start();
            while (!ended.IsCompleted && !isOver && hurried == isHurried)
            {
                Core.Run(ended);      // a Stop, or an exit, by one task's cleanup does not cut short that of the others
                KeepExit();
            }

            all.Detach();
            if (hurried != isHurried)
            {
                hurried = isHurried;
                asked.Clear();
                bound.Shorten();
            }
            else if (!ended.IsCompleted)
            {
                Abandon(remaining.FindAll(static task => !task.IsCompleted));
                return;
            }
        }
    }

    private async Coroutine DisposeAllLocals()
    {
        loop.Locals.IsDisposing = true;
        try
        {
            while (!loop.Locals.IsEmpty)
            {
                await DisposeLastLocal();
            }
        }
        finally
        {
            loop.Locals.IsDisposing = false;      // what the executor's last work makes is disposed when the loop is closed
        }
    }

    // It is found by its own disposal, and by what that calls.
    private async Coroutine DisposeLastLocal()
    {
        object key = loop.Locals.TakeLast(out object? value);
        try
        {
            switch (value)
            {
                case IAsyncDisposable asynchronous:
                    await asynchronous.DisposeAsync();
                    break;
                case IDisposable disposable:
                    disposable.Dispose();
                    break;
            }
        }
        catch (Exception failure) when (failure is not LoopExitException)
        {
            loop.CallExceptionHandler(new LoopExceptionContext("A loop-local value failed to be disposed", failure));
        }
        finally
        {
            loop.Locals.Remove(key);
        }
    }

    private void ReportUndrained(TimeSpan waited) => Log.ShutdownTimedOut(loop.Reports.Target, loop.Name, 1, waited, "work in the default executor");

    // The time limit, if that is why the phase is over, and otherwise the time that it took.
    private TimeSpan Waited => Volatile.Read(ref passed) is > 0 and var limit ? TimeSpan.FromTicks(limit) : Stopwatch.GetElapsedTime(phaseStart);

    private void ReportLeftRunning()
    {
        var left = Core.Tasks.Snapshot().FindAll(static task => task.CancelRequests == 0);
        if (left.Count > 0)
        {
            Log.LeftRunning(loop.Reports.Target, loop.Name, left.Count, Describe(left));
        }
    }

    private void KeepExit()
    {
        if (Core.ExitException is LoopInterruptedException)
        {
            exitAtEnd = Core.ExitException;
        }

        exitAtEnd ??= Core.ExitException;
        Core.ExitException = null;
    }

    private void Abandon(List<LoopTask> tasks)
    {
        abandoned.UnionWith(tasks);
        var waited = Waited;
        string late = Volatile.Read(ref passed) > 0 ? $"did not end within {waited} of its cancellation" : "did not end when it was cancelled,";
        Log.ShutdownTimedOut(loop.Reports.Target, loop.Name, tasks.Count, waited, Describe(tasks));
        foreach (var task in tasks)
        {
            loop.CallExceptionHandler(new LoopExceptionContext(
                $"{task.Label} {late} and was abandoned", Awaitable: task, CreatedAt: task.CreatedAt));
        }
    }

    private static string Describe(List<LoopTask> tasks)
    {
        const int most = 50;
        string names = string.Join(", ", tasks.Take(most).Select(static task => task.WaitingOn is { } what ? $"{task.Label} (waiting on {what})" : task.Label));
        return tasks.Count > most ? $"{names}, and {tasks.Count - most} more" : names;
    }
}
