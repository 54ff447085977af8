using EventLoop.Cancellation;
using EventLoop.Combining;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// The end of a run and of a loop: nothing new comes in, tasks are cancelled and awaited, the
// executor is drained while the loop still turns, the loop is closed.
public sealed partial class Loop
{
    /// <summary>What a second interrupt leaves to cleanup code.</summary>
    private static readonly TimeSpan HurriedEnd = TimeSpan.FromSeconds(1);

    private readonly HashSet<LoopTask> abandoned = [];
    private Exception? exitAtEnd;
    private bool hasExited;
    private volatile bool isDrained;          // any thread reads
    private bool isHurried;
    private volatile bool ending;             // any thread
    private volatile bool shutdownIsOver;     // any thread

    /// <summary>What has to be ended with the loop. Loop thread.</summary>
    internal HashSet<ILoopResident> Residents { get; } = [];

    /// <summary>Whether nothing more can be submitted to it. Any thread.</summary>
    internal bool IsEnding => ending;

    /// <summary>Whether its tasks have ended or were given up, and the executor's work is waited for. Any thread.</summary>
    internal bool IsDraining => isDrained;

    /// <summary>Told when an interrupt hurries the end. Loop thread.</summary>
    internal Action<LoopInterruptedException>? Hurried { get; set; }

    /// <summary>Closes the loop: lets its default executor finish, lets go of everything, and reports
    /// what was left. Idempotent. asyncio: <c>close</c>.</summary>
    /// <remarks>
    /// Tasks that are not done are not waited for: <see cref="Run(Coroutine, LoopOptions?, CancellationToken)"/> and <see cref="LoopRunner"/> cancel and await
    /// them first. As long as the executor that the loop made has work, for at most <see cref="LoopOptions.ShutdownTimeout"/>, the loop keeps turning, so that
    /// work which waits for the loop is served; nothing more can be submitted to it.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The loop is running.</exception>
    public void Dispose()
    {
        if (closed)
        {
            return;
        }

        if (IsRunning)
        {
            throw new InvalidOperationException($"Loop '{Name}' is running and cannot be disposed. Call Stop(), and dispose it when its run has returned.");
        }

        ending = true;
        DisposeLocals();
        DrainExecutor();
        var pending = Core.Tasks.Snapshot();
        LeaveLines(pending);
        watches?.End();
        foreach (var resident in Residents.ToArray())
        {
            resident.OnLoopClosing();
        }

        closed = true;
        EndDiagnostics();
        CountWatching();
        Core.Close();
        foreach (var task in pending.Where(task => !abandoned.Contains(task)))
        {
            CallExceptionHandler(new LoopExceptionContext($"{task.Label} was destroyed but it is pending", Awaitable: task, CreatedAt: task.CreatedAt));
        }

        OutsideWaits.FailAll(Name);
        if (!isDrained && Executors.EndOwn() is { } drained && !drained.Wait(options.ShutdownTimeout))
        {
            ReportUndrained();      // another thread's loop, or one inside another: it cannot turn, but whoever waits for it has learned of its end
        }

        Losses.ReportAll();
    }

    /// <summary>The end of the runs: cancels what is left and waits for it, as long as the options allow; then
    /// what is ready gets its turn, and the executor is drained.</summary>
    /// <returns>The exit that cleanup code asked for, if no run has ended with one before; or the interrupt that has hurried the end.</returns>
    internal Exception? FinishRemaining()
    {
        bool exited = hasExited;
        ending = true;
        if (Debug)
        {
            ReportLeftRunning();
        }

        using (var bound = new Bound(this))
        {
            CancelRemaining(bound);
            if (abandoned.Count == 0 && Core.HasReady)
            {
                // Done callbacks of main, and what it scheduled last: once, so that a callback that schedules itself again does not keep the loop open.
                Core.RequestStop();
                Core.Run(null);
                KeepExit();
                CancelRemaining(bound);
            }
        }

        DisposeLocals();
        DrainExecutor();
        if (Core.Tasks.Count > abandoned.Count)
        {
            using var bound = new Bound(this);
            CancelRemaining(bound);      // what the executor's last work has started here
        }

        return exited && exitAtEnd is not LoopInterruptedException ? null : exitAtEnd;
    }

    /// <summary>What has not ended by now is abandoned. Any thread.</summary>
    internal void EndShutdown()
    {
        shutdownIsOver = true;
        Core.RequestStop();
    }

    /// <summary>Ends the run with this interrupt; what is left after it is cancelled (again) and gets only a moment. Loop thread.</summary>
    internal void Hurry(LoopInterruptedException interrupt)
    {
        isHurried = true;
        Core.ExitException = interrupt;
        Hurried?.Invoke(interrupt);
    }

    private void CancelRemaining(Bound bound)
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
            var ended = new LoopFuture(this);
            all.WhenReady(() => ended.TrySetResult());
            all.Start();
            while (!ended.IsCompleted && !shutdownIsOver && hurried == isHurried)
            {
                Core.Run(ended);      // a Stop, or an exit, of one task's cleanup does not cut short that of the others
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

    // The loop turns meanwhile: the work may wait for something that only the loop can do.
    private void DrainExecutor()
    {
        if (isDrained || LoopCore.Running is not null || !IsInLoopThread || Executors.EndOwn() is not { } drained)
        {
            return;
        }

        isDrained = true;
        using var bound = new Bound(this);
        var ended = ForeignTaskExtensions.Completion(Core, drained, inFlight: true);
        while (!ended.IsCompleted && !shutdownIsOver && !isHurried)
        {
            Core.Run(ended);
            KeepExit();
        }

        if (!ended.IsCompleted)
        {
            ReportUndrained();
        }
    }

    private void ReportUndrained() => Log.ShutdownTimedOut(LogTarget, Name, 1, options.ShutdownTimeout, "work in the default executor");

    private void ReportLeftRunning()
    {
        var left = Core.Tasks.Snapshot().FindAll(static task => task.CancelRequests == 0);
        if (left.Count > 0)
        {
            Log.LeftRunning(LogTarget, Name, left.Count, Describe(left));
        }
    }

    // Locks, queues and the like may serve another loop after this one, and must not give to those who will never run again.
    private static void LeaveLines(List<LoopTask> tasks)
    {
        foreach (var task in tasks)
        {
            foreach (var node in task.CollectWaits())
            {
                node.Target?.Leave(node);
            }
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
        var patience = isHurried ? HurriedEnd : options.ShutdownTimeout;
        Log.ShutdownTimedOut(LogTarget, Name, tasks.Count, patience, Describe(tasks));
        foreach (var task in tasks)
        {
            CallExceptionHandler(new LoopExceptionContext(
                $"{task.Label} did not end within {patience} of its cancellation and was abandoned", Awaitable: task, CreatedAt: task.CreatedAt));
        }
    }

    private static string Describe(List<LoopTask> tasks)
    {
        const int most = 50;
        string names = string.Join(", ", tasks.Take(most).Select(static task => task.WaitingOn is { } what ? $"{task.Label} (waiting on {what})" : task.Label));
        return tasks.Count > most ? $"{names}, and {tasks.Count - most} more" : names;
    }

    /// <summary>How long the end may take. Real time bounds it, whatever clock the loop goes by.</summary>
    private sealed class Bound : IDisposable
    {
        private readonly Loop loop;
        private readonly Timer timer;
        private bool isOver;      // guarded by this

        internal Bound(Loop loop)
        {
            this.loop = loop;
            loop.shutdownIsOver = false;
            timer = new Timer(static bound => ((Bound)bound!).OnTime(), this, loop.options.ShutdownTimeout, System.Threading.Timeout.InfiniteTimeSpan);
            if (loop.isHurried)
            {
                Shorten();
            }
        }

        internal void Shorten()
        {
            if (loop.options.ShutdownTimeout > HurriedEnd || loop.options.ShutdownTimeout == System.Threading.Timeout.InfiniteTimeSpan)
            {
                timer.Change(HurriedEnd, System.Threading.Timeout.InfiniteTimeSpan);
            }
        }

        public void Dispose()
        {
            timer.Dispose();
            lock (this)
            {
                isOver = true;
            }
        }

        // On a thread of the pool, perhaps late.
        private void OnTime()
        {
            lock (this)
            {
                if (!isOver)
                {
                    loop.EndShutdown();
                }
            }
        }
    }
}
