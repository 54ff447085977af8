using EventLoop.Executors;

namespace EventLoop;

// Blocking and heavy work, away from the loop's thread.
public sealed partial class Loop
{
    private static readonly ContextCallback RunWork = static run => ((Action)run!)();

    private IExecutor? executor;
    private IExecutor? ownExecutor;      // made by the loop, which disposes it, also when another one has taken its place
    private Task? ownExecutorEnd;

    /// <summary>Where <see cref="ToThread(Action)"/> runs: the thread pool unless something else was set. asyncio: <c>set_default_executor</c>.</summary>
    /// <remarks>At its end the loop disposes, and waits for, only the executor that it made itself; others may outlive
    /// it and belong to whoever made them. <b>Thread:</b> the loop's.</remarks>
    public IExecutor DefaultExecutor
    {
        get
        {
            if (executor is null)
            {
                executor = options.DefaultExecutor ?? (ownExecutor = new ThreadPoolExecutor());
            }

            return executor;
        }

        set
        {
            ArgumentNullException.ThrowIfNull(value);
            VerifyOpen(nameof(DefaultExecutor));
            executor = value;
        }
    }

    /// <summary>Runs blocking work on the default executor. asyncio: <c>to_thread</c>.</summary>
    /// <param name="work">Runs on another thread, in the caller's ExecutionContext, outside the loop.</param>
    /// <remarks><b>Cancellation:</b> the wait ends at once; work that has not begun is withdrawn, what has begun runs to
    /// its end, and its late failure goes to the exception handler.</remarks>
    public static Coroutine ToThread(Action work) => RunInExecutor(null, work);

    /// <inheritdoc cref="ToThread(Action)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the work returned.</returns>
    /// <example>
    /// <code>
    /// string text = await Loop.ToThread(() =&gt; File.ReadAllText("/etc/hostname"));      // the loop runs meanwhile
    /// </code>
    /// </example>
    public static Coroutine<T> ToThread<T>(Func<T> work) => RunInExecutor(null, work);

    /// <summary>Runs blocking work on the default executor under a limiter. AnyIO, Trio: <c>to_thread.run_sync(limiter=)</c>.</summary>
    /// <inheritdoc cref="RunInExecutor(IExecutor?, Action, CapacityLimiter?)" path="/param|/remarks"/>
    public static Coroutine ToThread(Action work, CapacityLimiter? limiter) => RunInExecutor(null, work, limiter);

    /// <inheritdoc cref="ToThread(Action, CapacityLimiter?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the work returned.</returns>
    public static Coroutine<T> ToThread<T>(Func<T> work, CapacityLimiter? limiter) => RunInExecutor(null, work, limiter);

    /// <summary>Runs blocking work on an executor. asyncio: <c>run_in_executor</c>.</summary>
    /// <param name="executor">Null: the loop's default executor.</param>
    /// <param name="work">Runs on another thread, in the caller's ExecutionContext, outside the loop.</param>
    /// <remarks><inheritdoc cref="ToThread(Action)" path="/remarks"/></remarks>
    public static Coroutine RunInExecutor(IExecutor? executor, Action work) => RunInExecutor(executor, work, null);

    /// <inheritdoc cref="RunInExecutor(IExecutor?, Action)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the work returned.</returns>
    public static Coroutine<T> RunInExecutor<T>(IExecutor? executor, Func<T> work) => RunInExecutor(executor, work, null);

    /// <summary>Runs blocking work on an executor under a limiter. AnyIO, Trio: <c>to_thread.run_sync(limiter=)</c>.</summary>
    /// <param name="executor">Null: the loop's default executor.</param>
    /// <param name="work">Runs on another thread, in the caller's ExecutionContext, outside the loop.</param>
    /// <param name="limiter">Each piece of work borrows a token of its own before it is handed over, and holds it until
    /// it has ended, also when nobody waits for it any more. Null: none.</param>
    /// <remarks><inheritdoc cref="ToThread(Action)" path="/remarks"/></remarks>
    public static Coroutine RunInExecutor(IExecutor? executor, Action work, CapacityLimiter? limiter)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Execute(
            executor,
            () =>
            {
                work();
                return true;
            },
            work,
            limiter);
    }

    /// <inheritdoc cref="RunInExecutor(IExecutor?, Action, CapacityLimiter?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the work returned.</returns>
    public static Coroutine<T> RunInExecutor<T>(IExecutor? executor, Func<T> work, CapacityLimiter? limiter)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Execute(executor, work, work, limiter);
    }

    /// <param name="executor">Null: the loop's default executor.</param>
    /// <param name="work">What runs.</param>
    /// <param name="given">The caller's own delegate.</param>
    /// <param name="limiter">Null: none.</param>
    private static async Coroutine<T> Execute<T>(IExecutor? executor, Func<T> work, Delegate given, CapacityLimiter? limiter)
    {
        var loop = Current;
        await CheckPoint();
        var token = limiter is null ? default : await limiter.AcquireOnBehalfOfAsync(new ExecutorBorrower(CurrentTask));
        var withdrawal = new CancellationTokenSource();
        var flow = ExecutionContext.Capture();
        Task<T> running;
        try
        {
            executor ??= loop.DefaultExecutor;
            running = Submit(executor, work, given, flow, withdrawal.Token)
                ?? throw new InvalidOperationException("The executor returned no task from SubmitAsync. It has to return one that ends as the work ends.");
        }
        catch
        {
            token.Dispose();
            throw;
        }

        var back = ForeignTaskExtensions.Completion(running, inFlight: true, isWork: true);
        try
        {
            await back;
        }
        catch (LoopCanceledException)
        {
            loop.Withdraw(executor, withdrawal);
            loop.ReportLateFailure(running);      // also of work that has failed a moment ago, before the loop heard of it
            if (limiter is not null)
            {
                loop.DisposeAfter(running, token);
            }

            throw;
        }

        token.Dispose();
        var result = await running;
        if (loop.Debug && result is Task { IsCompleted: false })
        {
            loop.OnWorkReturnedTask(work.Method);
        }

        return result;
    }

    private static Task<T>? Submit<T>(IExecutor executor, Func<T> work, Delegate given, ExecutionContext? flow, CancellationToken withdrawal) =>
        executor is not IBareExecutor bare
        ? executor.SubmitAsync(() => RunIn(flow, work), withdrawal)
        : given is Action action ? WithResult<T>(bare.SubmitAsync(action, withdrawal))
        : bare.SubmitAsync((Func<T>)given, withdrawal);

    private static async Task<T> WithResult<T>(Task done)
    {
        await done.ConfigureAwait(false);
        return default!;
    }

    // Our own executors answer at once. What others do when the token fires may block, and may throw.
    private void Withdraw(IExecutor from, CancellationTokenSource withdrawal)
    {
        if (from is ThreadPoolExecutor or DedicatedThreadExecutor or IBareExecutor)
        {
            withdrawal.Cancel();
            return;
        }

        withdrawal.CancelAsync().ContinueWith(
            static (failed, loop) =>
                ((Loop)loop!).ReportLoss(new LoopExceptionContext("The withdrawal of work from an executor failed", failed.Exception!.InnerException)),
            this,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>Who borrows a token: one piece of work, not the task that waits for it, which may have others under way.</summary>
    private sealed class ExecutorBorrower(LoopTask? by)
    {
        public override string ToString() => by is null ? "work in an executor" : $"work of {by.Label} in an executor";
    }

    /// <summary>Takes no more work for the default executor, whoever made it, and waits for what it has. asyncio: <c>shutdown_default_executor</c>.</summary>
    /// <param name="timeout">Null: <see cref="LoopOptions.ShutdownTimeout"/>. Zero or less: only looks whether all has ended.</param>
    /// <returns>Whether everything ended in time. What did not continues; so does the executor's shutdown, which a later call may wait for.</returns>
    /// <remarks><b>Cancellation:</b> ends the wait. What the executor's own disposal throws goes to the exception handler, and the answer is false.</remarks>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public async Coroutine<bool> ShutdownDefaultExecutorAsync(TimeSpan? timeout = null)
    {
        VerifyOpen(nameof(ShutdownDefaultExecutorAsync));
        await CheckPoint();
        var ending = ReferenceEquals(DefaultExecutor, ownExecutor) ? EndOwnExecutor()! : EndOf(DefaultExecutor);

        // In flight: between the end of the last work and the end of its executor, too, time that is not real has to hold still.
        var ended = ForeignTaskExtensions.Completion(ending, inFlight: true);
        if (!ended.IsCompleted)
        {
            await Wait([ended], timeout ?? options.ShutdownTimeout);
        }

        if (!ending.IsFaulted)
        {
            return ending.IsCompletedSuccessfully;
        }

        CallExceptionHandler(new LoopExceptionContext("The default executor could not be shut down", ending.Exception.InnerException));
        return false;
    }

    private static Task EndOf(IExecutor executor)
    {
        try
        {
            return executor.DisposeAsync().AsTask();
        }
        catch (Exception failure)
        {
            return Task.FromException(failure);
        }
    }

    /// <summary>Begins the end of the executor that the loop made itself; null when it has made none.</summary>
    private Task? EndOwnExecutor() => ownExecutorEnd ??= ownExecutor is { } own ? EndOf(own) : null;

    private static T RunIn<T>(ExecutionContext? flow, Func<T> work)
    {
        if (flow is null)
        {
            return work();
        }

        T result = default!;
        ExecutionContext.Run(flow, RunWork, (Action)(() => result = work()));
        return result;
    }

    private void ReportLateFailure(Task running) => running.ContinueWith(
        static (late, loop) =>
            ((Loop)loop!).ReportLoss(new LoopExceptionContext("Work in an executor failed after its waiter was cancelled", late.Exception!.InnerException)),
        this,
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    private void DisposeAfter(Task running, Releaser token)
    {
        Core.BeginFlight();      // for the token's way back: the work's own flight ends before it is posted
        running.ContinueWith(
            _ =>
            {
                try
                {
                    Post(token.Dispose);
                }
                catch (ObjectDisposedException)
                {
                    // The loop is closed: nobody waits for the token any more.
                }
                finally
                {
                    Core.EndFlight();
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }
}
