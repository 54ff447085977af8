using EventLoop.Executors;

namespace EventLoop;

// Blocking and CPU-bound work, away from the loop's thread.
public sealed partial class Loop
{
    /// <summary>Where <see cref="ToThread(Action)"/> runs: the thread pool unless another executor was set. asyncio: <c>set_default_executor</c>.</summary>
    /// <remarks>At its end the loop disposes, and waits for, only the executor that it made itself; others may outlive it and belong to whoever made them.
    /// <b>Thread:</b> the loop's.</remarks>
    public IExecutor DefaultExecutor
    {
        get => Executors.Default;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            VerifyOpen(nameof(DefaultExecutor));
            Executors.Default = value;
        }
    }

    /// <summary>Knows the default executor, and ends the one that the loop made.</summary>
    internal LoopExecutors Executors { get; }

    /// <summary>Runs blocking work on the default executor. asyncio: <c>to_thread</c>.</summary>
    /// <param name="work">Runs on another thread, in the caller's ExecutionContext, outside the loop.</param>
    /// <remarks><b>Cancellation:</b> the wait ends at once; work that has not begun is withdrawn, work that has begun runs to its end, and a failure that
    /// comes then goes to the exception handler.</remarks>
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
    /// <param name="limiter">Each work item borrows a token before it is handed over and holds it until it has ended, even if nobody waits for it any more.
    /// Null: none.</param>
    /// <remarks><inheritdoc cref="ToThread(Action)" path="/remarks"/></remarks>
    public static Coroutine RunInExecutor(IExecutor? executor, Action work, CapacityLimiter? limiter)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ExecutorWork.Run(executor, work, limiter);
    }

    /// <inheritdoc cref="RunInExecutor(IExecutor?, Action, CapacityLimiter?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the work returned.</returns>
    public static Coroutine<T> RunInExecutor<T>(IExecutor? executor, Func<T> work, CapacityLimiter? limiter)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ExecutorWork.Run(executor, work, limiter);
    }

    /// <summary>Stops the default executor, whoever made it, from taking more work and waits for what it has. asyncio:
    /// <c>shutdown_default_executor</c>.</summary>
    /// <param name="timeout">Null: <see cref="LoopOptions.ShutdownTimeout"/>. Zero or less: only checks whether all work has ended.</param>
    /// <returns>Whether all work ended in time. What did not end continues, as does the executor's shutdown, which a later call may wait for.</returns>
    /// <remarks><b>Cancellation:</b> ends the wait. An exception of the executor's own disposal goes to the exception handler, and the result is
    /// false.</remarks>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public Coroutine<bool> ShutdownDefaultExecutorAsync(TimeSpan? timeout = null) => Executors.Shutdown(timeout);
}
