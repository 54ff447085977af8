using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using EventLoop.Running;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>Several runs on one loop, which is shut down at the end. asyncio: <c>Runner</c>.</summary>
/// <param name="options">Null: the defaults.</param>
/// <remarks><b>Thread:</b> a single thread, on which no other loop runs.</remarks>
public sealed class LoopRunner(LoopOptions? options = null) : IDisposable
{
    private bool disposed;
    private Interrupts? interrupts;

    /// <summary>The loop of all its runs.</summary>
    public Loop Loop { get; } = new(options);

    /// <summary>Whether there is a single run, whose end follows at once, so that signals are listened to without a gap.</summary>
    internal bool IsSingle { get; init; }

    /// <summary>Runs <paramref name="main"/> until it has completed; tasks that it left stay on the loop.</summary>
    /// <param name="main">Becomes a task.</param>
    /// <param name="cancellationToken">Cancels that task, from any thread.</param>
    /// <exception cref="InvalidOperationException">A loop is already running on this thread.</exception>
    /// <exception cref="LoopInterruptedException">Main was cancelled by Ctrl-C or SIGTERM, or one of them came a second time.</exception>
    public void Run(Coroutine main, CancellationToken cancellationToken) => RunMain(MainRun.NewMain(Loop, main), cancellationToken).ThrowUnlessSucceeded();

    /// <inheritdoc cref="Run(Coroutine, CancellationToken)"/>
    public void Run(Coroutine main) => Run(main, CancellationToken.None);

    /// <inheritdoc cref="Run(Coroutine, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What main returned.</returns>
    public T Run<T>(Coroutine<T> main, CancellationToken cancellationToken) => ((LoopTask<T>)RunMain(MainRun.NewMain(Loop, main), cancellationToken)).Result;

    /// <inheritdoc cref="Run{T}(Coroutine{T}, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public T Run<T>(Coroutine<T> main) => Run(main, CancellationToken.None);

    /// <inheritdoc cref="Run(Coroutine, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public void Run(Func<Coroutine> main, CancellationToken cancellationToken) => Run(DeferredCoroutine.Run(main), cancellationToken);

    /// <inheritdoc cref="Run(Func{Coroutine}, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public void Run(Func<Coroutine> main) => Run(main, CancellationToken.None);

    /// <inheritdoc cref="Run{T}(Coroutine{T}, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public T Run<T>(Func<Coroutine<T>> main, CancellationToken cancellationToken) => Run(DeferredCoroutine.Run(main), cancellationToken);

    /// <inheritdoc cref="Run{T}(Func{Coroutine{T}}, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    [OverloadResolutionPriority(1)]
    public T Run<T>(Func<Coroutine<T>> main) => Run(main, CancellationToken.None);

    /// <inheritdoc cref="Run(Coroutine, CancellationToken)"/>
    public void Run(Func<Task> main, CancellationToken cancellationToken) => Run(DeferredCoroutine.Run(main), cancellationToken);

    /// <inheritdoc cref="Run(Func{Task}, CancellationToken)"/>
    public void Run(Func<Task> main) => Run(main, CancellationToken.None);

    /// <inheritdoc cref="Run{T}(Coroutine{T}, CancellationToken)"/>
    public T Run<T>(Func<Task<T>> main, CancellationToken cancellationToken) => Run(DeferredCoroutine.Run(main), cancellationToken);

    /// <inheritdoc cref="Run{T}(Func{Task{T}}, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public T Run<T>(Func<Task<T>> main) => Run(main, CancellationToken.None);

    /// <summary>Runs until a .NET task has completed, which may have been started anywhere; what is on the loop runs meanwhile.</summary>
    /// <param name="main">It continues where it was started. To run an async method on this loop, pass the method and not the task that it returns.</param>
    /// <param name="cancellationToken">Ends the wait, from any thread; the task is left alone.</param>
    /// <inheritdoc cref="Run(Coroutine, CancellationToken)" path="/exception"/>
    public void Run(Task main, CancellationToken cancellationToken) => Run(ForeignTaskExtensions.Await(main), cancellationToken);

    /// <inheritdoc cref="Run(Task, CancellationToken)"/>
    public void Run(Task main) => Run(main, CancellationToken.None);

    /// <inheritdoc cref="Run(Task, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the task returned.</returns>
    public T Run<T>(Task<T> main, CancellationToken cancellationToken) => Run(ForeignTaskExtensions.Await(main), cancellationToken);

    /// <inheritdoc cref="Run{T}(Task{T}, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public T Run<T>(Task<T> main) => Run(main, CancellationToken.None);

    /// <summary>Cancels and awaits remaining tasks, runs the callbacks that are ready, lets the executor finish and closes the loop. Idempotent.</summary>
    /// <remarks>The second Ctrl-C or SIGTERM, counted from the last run, ends this at once.</remarks>
    /// <exception cref="InvalidOperationException">The loop is running.</exception>
    /// <exception cref="LoopExitException">Cleanup code asked to exit, and no run had ended that way before.</exception>
    /// <exception cref="LoopInterruptedException">It was ended by Ctrl-C or SIGTERM.</exception>
    public void Dispose()
    {
        if (disposed)
        {
            return;
        }

        Exception? exit = null;
        try
        {
            if (!Loop.IsRunning && !Loop.IsClosed)
            {
                interrupts?.Listen();
                exit = Loop.Shutdown.FinishRemaining();
            }

            Loop.Dispose();
        }
        finally
        {
            interrupts?.Dispose();
        }

        disposed = true;
        if (exit is not null)
        {
            ExceptionDispatchInfo.Throw(exit);
        }
    }

    private LoopTask RunMain(LoopTask main, CancellationToken token)
    {
        using var cancellation = MainRun.CancelBy(main, token);
        if (!Loop.Options.HandleInterrupt)
        {
            MainRun.Drive(Loop, main);
            return main;
        }

        interrupts?.Dispose();
        interrupts = new Interrupts(main);
        interrupts.Listen();
        try
        {
            MainRun.Drive(Loop, main);
        }
        finally
        {
            if (!IsSingle)
            {
                interrupts.Dispose();      // between two runs signals belong to the program
            }
        }

        return interrupts.EndOf(main) is { } interrupted ? throw interrupted : main;
    }
}
