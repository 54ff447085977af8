using EventLoop.Executors;

namespace EventLoop;

// Blocking and heavy work, away from the loop's thread.
public sealed partial class Loop
{
    /// <summary>Where <see cref="ToThread(Action)"/> runs: the thread pool unless something else was set. asyncio: <c>set_default_executor</c>.</summary>
    /// <remarks>At its end the loop disposes, and waits for, only the executor that it made itself; others may outlive
    /// it and belong to whoever made them. <b>Thread:</b> the loop's.</remarks>
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

    /// <summary>Which executor is the default one, and the end of the one that the loop made.</summary>
    internal LoopExecutors Executors { get; }

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

    /// <summary>Takes no more work for the default executor, whoever made it, and waits for what it has. asyncio: <c>shutdown_default_executor</c>.</summary>
    /// <param name="timeout">Null: <see cref="LoopOptions.ShutdownTimeout"/>. Zero or less: only looks whether all has ended.</param>
    /// <returns>Whether everything ended in time. What did not continues; so does the executor's shutdown, which a later call may wait for.</returns>
    /// <remarks><b>Cancellation:</b> ends the wait. What the executor's own disposal throws goes to the exception handler, and the answer is false.</remarks>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public Coroutine<bool> ShutdownDefaultExecutorAsync(TimeSpan? timeout = null) => Executors.Shutdown(timeout);
}
