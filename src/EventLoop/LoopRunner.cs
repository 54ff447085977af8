using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>Several runs on one loop, which is shut down at the end. asyncio: <c>Runner</c>.</summary>
/// <param name="options">Null: the defaults.</param>
/// <remarks><b>Thread:</b> one thread, on which no other loop runs.</remarks>
public sealed class LoopRunner(LoopOptions? options = null) : IDisposable
{
    private bool disposed;

    /// <summary>The loop of all these runs.</summary>
    public Loop Loop { get; } = new(options);

    /// <summary>Runs <paramref name="main"/> until it is done; tasks that it left stay on the loop.</summary>
    /// <param name="main">Becomes a task.</param>
    /// <exception cref="InvalidOperationException">A loop runs on this thread already.</exception>
    /// <exception cref="LoopInterruptedException">Ctrl-C was pressed, and main was cancelled by it.</exception>
    public void Run(Coroutine main) => RunMain(Loop.SpawnMain(main)).ThrowUnlessSucceeded();

    /// <inheritdoc cref="Run(Coroutine)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What main returned.</returns>
    public T Run<T>(Coroutine<T> main) => ((LoopTask<T>)RunMain(Loop.SpawnMain(main))).Result;

    /// <inheritdoc cref="Run(Coroutine)"/>
    [OverloadResolutionPriority(1)]
    public void Run(Func<Coroutine> main) => Run(Bodies.Run(main));

    /// <inheritdoc cref="Run{T}(Coroutine{T})"/>
    [OverloadResolutionPriority(1)]
    public T Run<T>(Func<Coroutine<T>> main) => Run(Bodies.Run(main));

    /// <inheritdoc cref="Run(Coroutine)"/>
    public void Run(Func<Task> main) => Run(Bodies.Run(main));

    /// <inheritdoc cref="Run{T}(Coroutine{T})"/>
    public T Run<T>(Func<Task<T>> main) => Run(Bodies.Run(main));

    /// <summary>Cancels and awaits what is left, runs the callbacks that are ready, drains the executors and closes the loop. Idempotent.</summary>
    /// <exception cref="InvalidOperationException">The loop is running.</exception>
    /// <exception cref="LoopExitException">Cleanup code asked to exit, and no run had ended so before.</exception>
    public void Dispose()
    {
        if (disposed)
        {
            return;
        }

        var exit = !Loop.IsRunning && !Loop.IsClosed ? Loop.FinishRemaining() : null;
        Loop.Dispose();
        disposed = true;
        if (exit is not null)
        {
            ExceptionDispatchInfo.Throw(exit);
        }
    }

    private LoopAwaitable RunMain(LoopTask main)
    {
        using var interrupt = Loop.Options.HandleInterrupt ? new Interrupt(main) : null;
        Loop.Drive(main);
        if (interrupt is { Happened: true } && main.IsCanceled)
        {
            throw new LoopInterruptedException();
        }

        return main;
    }

    /// <summary>The first Ctrl-C cancels main; the second is left to .NET, which ends the process: a loop that does not answer the first may answer nothing at all.</summary>
    private sealed class Interrupt : IDisposable
    {
        private readonly LoopTask main;
        private readonly PosixSignalRegistration registration;
        private int count;

        internal Interrupt(LoopTask main)
        {
            this.main = main;
            registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        }

        internal bool Happened => Volatile.Read(ref count) > 0;

        public void Dispose() => registration.Dispose();

        // On a thread of .NET's own.
        private void OnSignal(PosixSignalContext signal)
        {
            if (Interlocked.Increment(ref count) == 1)
            {
                signal.Cancel = true;
                var core = main.Core;
                core.TryPost(CallbackItem<LoopTask>.Create(static task => task.CancelCore("interrupted (Ctrl-C)"), main, core.BaseContext));
            }
        }
    }
}
