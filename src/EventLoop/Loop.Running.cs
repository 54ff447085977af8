using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// Running: asyncio.run, run_until_complete, run_forever, and the end of a loop.
public sealed partial class Loop
{
    /// <summary>Runs <paramref name="main"/> on a new loop on this thread, cancels and awaits what it left running, and closes the loop. asyncio: <c>run</c>.</summary>
    /// <param name="main">The program.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <remarks>
    /// The end: main is done; remaining tasks are cancelled and awaited, for at most <see cref="LoopOptions.ShutdownTimeout"/> (what is abandoned is named); executors are drained; the loop is closed;
    /// the thread's contexts are as before. What main throws is rethrown with its stack. Ctrl-C cancels main.
    /// </remarks>
    /// <exception cref="InvalidOperationException">A loop runs on this thread already.</exception>
    /// <exception cref="LoopInterruptedException">Ctrl-C was pressed.</exception>
    public static void Run(Coroutine main, LoopOptions? options = null)
    {
        using var runner = new LoopRunner(options);
        runner.Run(main);
    }

    /// <inheritdoc cref="Run(Coroutine, LoopOptions?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What main returned.</returns>
    public static T Run<T>(Coroutine<T> main, LoopOptions? options = null)
    {
        using var runner = new LoopRunner(options);
        return runner.Run(main);
    }

    /// <inheritdoc cref="Run(Coroutine, LoopOptions?)"/>
    [OverloadResolutionPriority(1)]
    public static void Run(Func<Coroutine> main, LoopOptions? options = null) => Run(Bodies.Run(main), options);

    /// <inheritdoc cref="Run{T}(Coroutine{T}, LoopOptions?)"/>
    [OverloadResolutionPriority(1)]
    public static T Run<T>(Func<Coroutine<T>> main, LoopOptions? options = null) => Run(Bodies.Run(main), options);

    /// <inheritdoc cref="Run(Coroutine, LoopOptions?)"/>
    public static void Run(Func<Task> main, LoopOptions? options = null) => Run(Bodies.Run(main), options);

    /// <inheritdoc cref="Run{T}(Coroutine{T}, LoopOptions?)"/>
    public static T Run<T>(Func<Task<T>> main, LoopOptions? options = null) => Run(Bodies.Run(main), options);

    /// <summary>Runs until <paramref name="main"/> is done; what else is on the loop stays there. asyncio: <c>run_until_complete</c>.</summary>
    /// <param name="main">Becomes a task.</param>
    /// <exception cref="InvalidOperationException">A loop runs on this thread already, or this one was stopped before main was done.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public void RunUntilComplete(Coroutine main) => Drive(NewMain(main)).ThrowUnlessSucceeded();

    /// <inheritdoc cref="RunUntilComplete(Coroutine)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What main returned.</returns>
    public T RunUntilComplete<T>(Coroutine<T> main) => ((LoopTask<T>)Drive(NewMain(main))).Result;

    /// <inheritdoc cref="RunUntilComplete(Coroutine)"/>
    [OverloadResolutionPriority(1)]
    public void RunUntilComplete(Func<Coroutine> main) => RunUntilComplete(Bodies.Run(main));

    /// <inheritdoc cref="RunUntilComplete{T}(Coroutine{T})"/>
    [OverloadResolutionPriority(1)]
    public T RunUntilComplete<T>(Func<Coroutine<T>> main) => RunUntilComplete(Bodies.Run(main));

    /// <inheritdoc cref="RunUntilComplete(Coroutine)"/>
    public void RunUntilComplete(Func<Task> main) => RunUntilComplete(Bodies.Run(main));

    /// <inheritdoc cref="RunUntilComplete{T}(Coroutine{T})"/>
    public T RunUntilComplete<T>(Func<Task<T>> main) => RunUntilComplete(Bodies.Run(main));

    /// <summary>Runs until a task or future of this loop is done.</summary>
    /// <param name="awaitable">It belongs to this loop.</param>
    /// <inheritdoc cref="RunUntilComplete(Coroutine)" path="/exception"/>
    public void RunUntilComplete(LoopAwaitable awaitable) => Drive(Own(awaitable)).ThrowUnlessSucceeded();

    /// <inheritdoc cref="RunUntilComplete(LoopAwaitable)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="future">It belongs to this loop.</param>
    /// <returns>Its result.</returns>
    public T RunUntilComplete<T>(LoopFuture<T> future) => ((LoopFuture<T>)Drive(Own(future))).Result;

    /// <inheritdoc cref="RunUntilComplete(LoopAwaitable)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="task">It belongs to this loop.</param>
    /// <returns>Its result.</returns>
    public T RunUntilComplete<T>(LoopTask<T> task) => ((LoopTask<T>)Drive(Own(task))).Result;

    /// <summary>Runs until <see cref="Stop"/>. asyncio: <c>run_forever</c>.</summary>
    /// <exception cref="InvalidOperationException">A loop runs on this thread already.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public void RunForever() => Drive(null);

    /// <summary>Ends the run after the current batch. Any thread; does nothing when the loop does not run or is closed. asyncio: <c>stop</c>.</summary>
    public void Stop()
    {
        if (!closed)
        {
            Core.RequestStop();
        }
    }

    /// <summary>Closes the loop: drains its default executor, lets go of everything, and reports what was left. Idempotent. asyncio: <c>close</c>.</summary>
    /// <remarks>Tasks that are not done are not run any more: <see cref="Run(Coroutine, LoopOptions?)"/> and <see cref="LoopRunner"/> cancel and await them first.</remarks>
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

        DrainExecutor();
        EndWatches();
        closed = true;
        CountWatching();
        var pending = Core.Tasks.Snapshot();
        Core.Close();
        foreach (var task in pending.Where(task => !abandoned.Contains(task)))
        {
            CallExceptionHandler(new LoopExceptionContext($"{task.Label} was destroyed but it is pending", Awaitable: task, CreatedAt: task.CreatedAt));
        }

        FailSubmissions();
        Losses.ReportAll();
    }

    private readonly HashSet<LoopTask> abandoned = [];

    private LoopTask NewMain(Coroutine main)
    {
        VerifyNotRunning();
        return LoopTask.Create(Core, main, null, eager: false);
    }

    private LoopTask<T> NewMain<T>(Coroutine<T> main)
    {
        VerifyNotRunning();
        return LoopTask<T>.Create(Core, main, null, eager: false);
    }

    private LoopAwaitable Own(LoopAwaitable awaitable)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        VerifyNotRunning();
        if (!ReferenceEquals(awaitable.Loop, this))
        {
            Throw.OtherLoop(awaitable);
        }

        return awaitable;
    }

    private void VerifyNotRunning()
    {
        if (closed)
        {
            Throw.Closed(Name);
        }

        if (LoopCore.Running is not null)
        {
            Throw.NestedRun();
        }

        if (IsRunning)
        {
            Throw.WrongThread("Run", Name);
        }
    }

    /// <summary>Runs until it is done; the caller takes the outcome.</summary>
    internal LoopAwaitable Drive(LoopAwaitable? awaited)
    {
        VerifyNotRunning();
        Core.Run(awaited);
        if (Core.ExitException is { } exit)
        {
            Core.ExitException = null;
            hasExited = true;
            awaited?.MarkRetrieved();
            ExceptionDispatchInfo.Throw(exit);
        }

        if (awaited is { IsCompleted: false })
        {
            throw new InvalidOperationException($"Loop '{Name}' was stopped before {awaited.Label} was done.");
        }

        return awaited!;
    }

    /// <summary>The end of the runs: cancels what is left and waits for it, as long as the options allow; then what is ready gets its turn.</summary>
    /// <returns>The exit that cleanup code asked for, if no run has ended with one before.</returns>
    internal Exception? FinishRemaining()
    {
        bool exited = hasExited;
        CancelRemaining();
        if (abandoned.Count == 0 && Core.HasReady)
        {
            // Done callbacks of main, and what it scheduled last: once, so that a callback that schedules itself again does not keep the loop open.
            Core.RequestStop();
            Core.Run(null);
            KeepExit();
            CancelRemaining();
        }

        return exited ? null : exitAtEnd;
    }

    private void CancelRemaining()
    {
        if (Core.Tasks.Count == 0)
        {
            return;
        }

        shutdownIsOver = false;

        // Real time bounds it, whatever clock the loop goes by.
        using var bound = new Timer(static loop => ((Loop)loop!).EndShutdown(), this, options.ShutdownTimeout, System.Threading.Timeout.InfiniteTimeSpan);
        var asked = new HashSet<LoopTask>();
        while (Core.Tasks.Count > 0)
        {
            var remaining = Core.Tasks.Snapshot();
            foreach (var task in remaining.Where(asked.Add))
            {
                task.CancelCore("the loop is shutting down");
            }

            var all = new SomeWait([.. remaining], ReturnWhen.AllCompleted);
            var ended = new LoopFuture(this);
            all.WhenReady(() => ended.TrySetResult());
            all.Start();
            while (!ended.IsCompleted && !shutdownIsOver)
            {
                Core.Run(ended);      // a Stop, or an exit, of one task's cleanup does not cut short that of the others
                KeepExit();
            }

            all.Detach();
            if (!ended.IsCompleted)
            {
                Abandon(Core.Tasks.Snapshot());
                return;
            }
        }
    }

    /// <summary>What has not ended by now is abandoned. Any thread.</summary>
    internal void EndShutdown()
    {
        shutdownIsOver = true;
        Core.RequestStop();
    }

    private volatile bool shutdownIsOver;     // any thread
    private Exception? exitAtEnd;
    private bool hasExited;

    private void KeepExit()
    {
        exitAtEnd ??= Core.ExitException;
        Core.ExitException = null;
    }

    private void Abandon(List<LoopTask> tasks)
    {
        abandoned.UnionWith(tasks);
        string names = string.Join(", ", tasks.Select(static task => task.WaitingOn is { } what ? $"{task.Label} (waiting on {what})" : task.Label));
        Log.ShutdownTimedOut(LogTarget, Name, tasks.Count, options.ShutdownTimeout, names);
        foreach (var task in tasks)
        {
            CallExceptionHandler(new LoopExceptionContext(
                $"{task.Label} did not end within {options.ShutdownTimeout} of its cancellation and was abandoned", Awaitable: task, CreatedAt: task.CreatedAt));
        }
    }
}
