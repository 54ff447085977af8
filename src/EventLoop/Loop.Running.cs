using System.Runtime.CompilerServices;
using EventLoop.Running;
using EventLoop.Tasks;

namespace EventLoop;

// Running an existing loop: run_until_complete, run_forever.
public sealed partial class Loop
{
    /// <summary>Runs until <paramref name="main"/> has completed; everything else stays on the loop. asyncio: <c>run_until_complete</c>.</summary>
    /// <param name="main">Becomes a task.</param>
    /// <param name="cancellationToken">Cancels that task, from any thread.</param>
    /// <exception cref="InvalidOperationException">A loop is already running on this thread, or this one was stopped before main had completed.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public void RunUntilComplete(Coroutine main, CancellationToken cancellationToken) =>
        MainRun.Drive(MainRun.NewMain(this, main), cancellationToken).ThrowUnlessSucceeded();

    /// <inheritdoc cref="RunUntilComplete(Coroutine, CancellationToken)"/>
    public void RunUntilComplete(Coroutine main) => RunUntilComplete(main, CancellationToken.None);

    /// <inheritdoc cref="RunUntilComplete(Coroutine, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What main returned.</returns>
    public T RunUntilComplete<T>(Coroutine<T> main, CancellationToken cancellationToken) =>
        ((LoopTask<T>)MainRun.Drive(MainRun.NewMain(this, main), cancellationToken)).Result;

    /// <inheritdoc cref="RunUntilComplete{T}(Coroutine{T}, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public T RunUntilComplete<T>(Coroutine<T> main) => RunUntilComplete(main, CancellationToken.None);

    /// <inheritdoc cref="RunUntilComplete(Coroutine, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public void RunUntilComplete(Func<Coroutine> main, CancellationToken cancellationToken) => RunUntilComplete(DeferredCoroutine.Run(main), cancellationToken);

    /// <inheritdoc cref="RunUntilComplete(Func{Coroutine}, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public void RunUntilComplete(Func<Coroutine> main) => RunUntilComplete(main, CancellationToken.None);

    /// <inheritdoc cref="RunUntilComplete{T}(Coroutine{T}, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public T RunUntilComplete<T>(Func<Coroutine<T>> main, CancellationToken cancellationToken) =>
        RunUntilComplete(DeferredCoroutine.Run(main), cancellationToken);

    /// <inheritdoc cref="RunUntilComplete{T}(Func{Coroutine{T}}, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    [OverloadResolutionPriority(1)]
    public T RunUntilComplete<T>(Func<Coroutine<T>> main) => RunUntilComplete(main, CancellationToken.None);

    /// <inheritdoc cref="RunUntilComplete(Coroutine, CancellationToken)"/>
    public void RunUntilComplete(Func<Task> main, CancellationToken cancellationToken) => RunUntilComplete(DeferredCoroutine.Run(main), cancellationToken);

    /// <inheritdoc cref="RunUntilComplete(Func{Task}, CancellationToken)"/>
    public void RunUntilComplete(Func<Task> main) => RunUntilComplete(main, CancellationToken.None);

    /// <inheritdoc cref="RunUntilComplete{T}(Coroutine{T}, CancellationToken)"/>
    public T RunUntilComplete<T>(Func<Task<T>> main, CancellationToken cancellationToken) => RunUntilComplete(DeferredCoroutine.Run(main), cancellationToken);

    /// <inheritdoc cref="RunUntilComplete{T}(Func{Task{T}}, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public T RunUntilComplete<T>(Func<Task<T>> main) => RunUntilComplete(main, CancellationToken.None);

    /// <summary>Runs until a .NET task has completed, which may have been started anywhere; what is on the loop runs meanwhile.</summary>
    /// <param name="main">It continues where it was started. To run an async method on this loop, pass the method and not the task that it returns.</param>
    /// <param name="cancellationToken">Ends the wait, from any thread; the task is left alone.</param>
    /// <inheritdoc cref="RunUntilComplete(Coroutine, CancellationToken)" path="/exception"/>
    public void RunUntilComplete(Task main, CancellationToken cancellationToken) => RunUntilComplete(ForeignTaskExtensions.Await(main), cancellationToken);

    /// <inheritdoc cref="RunUntilComplete(Task, CancellationToken)"/>
    public void RunUntilComplete(Task main) => RunUntilComplete(main, CancellationToken.None);

    /// <inheritdoc cref="RunUntilComplete(Task, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the task returned.</returns>
    public T RunUntilComplete<T>(Task<T> main, CancellationToken cancellationToken) => RunUntilComplete(ForeignTaskExtensions.Await(main), cancellationToken);

    /// <inheritdoc cref="RunUntilComplete{T}(Task{T}, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public T RunUntilComplete<T>(Task<T> main) => RunUntilComplete(main, CancellationToken.None);

    /// <summary>Runs until a task or future of this loop has completed.</summary>
    /// <param name="awaitable">Belongs to this loop.</param>
    /// <inheritdoc cref="RunUntilComplete(Coroutine, CancellationToken)" path="/exception"/>
    public void RunUntilComplete(LoopAwaitable awaitable) => MainRun.Drive(this, MainRun.Own(this, awaitable)).ThrowUnlessSucceeded();

    /// <inheritdoc cref="RunUntilComplete(LoopAwaitable)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="future">Belongs to this loop.</param>
    /// <returns>The result of the work.</returns>
    public T RunUntilComplete<T>(LoopFuture<T> future) => ((LoopFuture<T>)MainRun.Drive(this, MainRun.Own(this, future))).Result;

    /// <inheritdoc cref="RunUntilComplete(LoopAwaitable)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="task">Belongs to this loop.</param>
    /// <returns>The result of the work.</returns>
    public T RunUntilComplete<T>(LoopTask<T> task) => ((LoopTask<T>)MainRun.Drive(this, MainRun.Own(this, task))).Result;

    /// <summary>Runs until <see cref="Stop"/> is called. asyncio: <c>run_forever</c>.</summary>
    /// <exception cref="InvalidOperationException">A loop is already running on this thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public void RunForever() => MainRun.Drive(this, null);

    /// <summary>Ends the run after the current batch. Any thread; does nothing when the loop is not running or is closed. asyncio: <c>stop</c>.</summary>
    public void Stop()
    {
        if (!closed)
        {
            Core.RequestStop();
        }
    }
}
