using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Executors;
using EventLoop.Executors.Work;
using EventLoop.Scheduling;

namespace EventLoop;

// Single pieces of work: submit, run_in_executor.
public sealed partial class ProcessExecutor
{
    /// <summary>Runs a function in a worker process. <b>Cancellation:</b> ends the wait at once; work in the queue never runs, running work has its token
    /// cancelled, and is killed with its worker after <see cref="ProcessExecutorOptions.CancelGrace"/>; work that was sent ahead to a busy worker may still
    /// run.</summary>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <returns>A copy of its result.</returns>
    /// <exception cref="ArgumentException">The work captures something; the message says what.</exception>
    /// <exception cref="ObjectDisposedException">The pool was stopped or disposed.</exception>
    /// <exception cref="InvalidOperationException">The program was rebuilt while it runs.</exception>
    /// <exception cref="TimeoutException">The work took longer than <see cref="ProcessExecutorOptions.TaskTimeout"/>.</exception>
    /// <exception cref="WorkerCrashedException">The worker ended in the middle of the work.</exception>
    /// <exception cref="WorkerStartException">No worker can be started.</exception>
    /// <exception cref="WorkerTaskException">The work threw an exception whose type cannot be made here; all others are thrown as they are.</exception>
    /// <typeparam name="TResult">The type of its result.</typeparam>
    public Coroutine<TResult> Run<TResult>(Func<TResult> work) =>
        Start<NoResult, TResult>(WorkName.Of(work), default);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <param name="argument">The function gets a copy.</param>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    /// <typeparam name="TResult">The type of its result.</typeparam>
    public Coroutine<TResult> Run<TArgument, TResult>(Func<TArgument, TResult> work, TArgument argument) =>
        Start<TArgument, TResult>(WorkName.Of(work), argument);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <param name="argument">The function gets a copy.</param>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    /// <typeparam name="TResult">The type of its result.</typeparam>
    public Coroutine<TResult> Run<TArgument, TResult>(Func<TArgument, WorkerContext, TResult> work, TArgument argument) =>
        Start<TArgument, TResult>(WorkName.Of(work), argument);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <param name="argument">The function gets a copy.</param>
    /// <param name="onProgress">Receives the work's progress reports on this loop, in order and before the result. A slow callback slows the work down if this
    /// is the pool's loop; an exception of it is thrown by Run, and cancels the work.</param>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    /// <typeparam name="TProgress">The type of the reports.</typeparam>
    /// <typeparam name="TResult">The type of its result.</typeparam>
    public Coroutine<TResult> Run<TArgument, TProgress,
        TResult>(Func<TArgument, WorkerContext<TProgress>, TResult> work, TArgument argument, Action<TProgress> onProgress)
    {
        ArgumentNullException.ThrowIfNull(onProgress);
        return Start<TArgument, TProgress, TResult>(WorkName.Of(work), argument, onProgress);
    }

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    public Coroutine Run(Action work) =>
        Start<NoResult, NoResult>(WorkName.Of(work), default);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <param name="argument">The function gets a copy.</param>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    public Coroutine Run<TArgument>(Action<TArgument> work, TArgument argument) =>
        Start<TArgument, NoResult>(WorkName.Of(work), argument);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <param name="argument">The function gets a copy.</param>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    public Coroutine Run<TArgument>(Action<TArgument, WorkerContext> work, TArgument argument) =>
        Start<TArgument, NoResult>(WorkName.Of(work), argument);

    // Asynchronous work runs on a loop of the worker's own.

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    [OverloadResolutionPriority(1)]
    public Coroutine Run(Func<Coroutine> work) =>
        Start<NoResult, NoResult>(WorkName.Of(work), default);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <param name="argument">The function gets a copy.</param>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    [OverloadResolutionPriority(1)]
    public Coroutine Run<TArgument>(Func<TArgument, Coroutine> work, TArgument argument) =>
        Start<TArgument, NoResult>(WorkName.Of(work), argument);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <param name="argument">The function gets a copy.</param>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    [OverloadResolutionPriority(1)]
    public Coroutine Run<TArgument>(Func<TArgument, WorkerContext, Coroutine> work, TArgument argument) =>
        Start<TArgument, NoResult>(WorkName.Of(work), argument);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <typeparam name="TResult">The type of its result.</typeparam>
    [OverloadResolutionPriority(1)]
    public Coroutine<TResult> Run<TResult>(Func<Coroutine<TResult>> work) =>
        Start<NoResult, TResult>(WorkName.Of(work), default);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <param name="argument">The function gets a copy.</param>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    /// <typeparam name="TResult">The type of its result.</typeparam>
    [OverloadResolutionPriority(1)]
    public Coroutine<TResult> Run<TArgument, TResult>(Func<TArgument, Coroutine<TResult>> work, TArgument argument) =>
        Start<TArgument, TResult>(WorkName.Of(work), argument);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <param name="argument">The function gets a copy.</param>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    /// <typeparam name="TResult">The type of its result.</typeparam>
    [OverloadResolutionPriority(1)]
    public Coroutine<TResult> Run<TArgument, TResult>(Func<TArgument, WorkerContext, Coroutine<TResult>> work, TArgument argument) =>
        Start<TArgument, TResult>(WorkName.Of(work), argument);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    public Coroutine Run(Func<Task> work) =>
        Start<NoResult, NoResult>(WorkName.Of(work), default);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <param name="argument">The function gets a copy.</param>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    public Coroutine Run<TArgument>(Func<TArgument, Task> work, TArgument argument) =>
        Start<TArgument, NoResult>(WorkName.Of(work), argument);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <typeparam name="TResult">The type of its result.</typeparam>
    public Coroutine<TResult> Run<TResult>(Func<Task<TResult>> work) =>
        Start<NoResult, TResult>(WorkName.Of(work), default);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <param name="argument">The function gets a copy.</param>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    /// <typeparam name="TResult">The type of its result.</typeparam>
    public Coroutine<TResult> Run<TArgument, TResult>(Func<TArgument, Task<TResult>> work, TArgument argument) =>
        Start<TArgument, TResult>(WorkName.Of(work), argument);

    /// <summary>Runs work in a worker process, from any thread; for <see cref="Loop.RunInExecutor{T}(IExecutor?, Func{T})"/> and as a loop's default executor.
    /// Work that captures something is refused there, too.</summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="work">A static method, or a lambda that captures nothing.</param>
    /// <param name="cancellationToken">Cancels the work as a cancellation of its waiter would.</param>
    /// <returns>A task that ends as the work does.</returns>
    /// <exception cref="ArgumentException">The work captures something; the message says what.</exception>
    /// <exception cref="ObjectDisposedException">The pool was stopped or disposed.</exception>
    /// <exception cref="InvalidOperationException">The pool was made where no loop runs, and none has used it yet.</exception>
    public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default) =>
        Submit<T>(WorkName.Of(work), cancellationToken);

    Task IBareExecutor.SubmitAsync(Action work, CancellationToken cancellationToken) =>
        Submit<NoResult>(WorkName.Of(work), cancellationToken);

    private Task<T> Submit<T>(WorkName name, CancellationToken cancellationToken)
    {
        _ = Home();
        var item = Begin(new WorkItem<NoResult, T>(default, isHere: false) { Name = name });
        if (cancellationToken.CanBeCanceled)
        {
            var registration = cancellationToken.UnsafeRegister(
                static (state, token) =>
                {
                    var (pool, item) = ((ProcessExecutor, WorkItem<NoResult, T>))state!;
                    pool.AbandonFromAnywhere(item, new OperationCanceledException(token));
                },
                (this, item));
            item.Completion.ContinueWith(static (_, held) =>
                ((CancellationTokenRegistration)held!).Dispose(), registration, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }

        return item.Completion;
    }

    private bool IsHere => ReferenceEquals(LoopCore.Running, Home());

    private async Coroutine<TResult> Start<TArgument, TResult>(WorkName name, TArgument argument)
    {
        _ = Home();
        await Loop.CheckPoint();
        return await Outcome(Begin(new WorkItem<TArgument, TResult>(argument, IsHere) { Name = name }));
    }

    private async Coroutine<TResult> Start<TArgument, TProgress, TResult>(WorkName name, TArgument argument, Action<TProgress> onProgress)
    {
        _ = Home();
        await Loop.CheckPoint();
        return await Outcome(Begin(new WorkItem<TArgument, TProgress,
            TResult>(argument, LoopCore.Required, IsHere, onProgress, FailFromAnywhere) { Name = name }));
    }

    private async Coroutine<TResult> Outcome<TArgument, TResult>(WorkItem<TArgument, TResult> item)
    {
        try
        {
            return await item.Wait();
        }
        catch (LoopCanceledException) when (!item.HasOutcome)
        {
            AbandonFromAnywhere(item);
            throw;
        }
    }

    private T Begin<T>(T item) where T : WorkItem
    {
        if (IsHere)
        {
            Enqueue(item);
        }
        else if (!home!.TryPost(new Entry(this, item)))
        {
            throw Closed();
        }

        return item;
    }

    private ObjectDisposedException Closed() =>
        new(nameof(ProcessExecutor), $"Loop '{home!.Loop.Name}', to which the process pool belongs, is closed.");

    /// <summary>Work from elsewhere on its way to the pool's loop, which may close before it comes to it.</summary>
    private sealed class Entry : LoopItem
    {
        private readonly ProcessExecutor pool;
        private readonly WorkItem item;

        internal Entry(ProcessExecutor pool, WorkItem item)
        {
            this.pool = pool;
            this.item = item;
            Context = pool.home!.BaseContext;
        }

        internal override void Execute()
        {
            pool.home!.ThreadContexts.RestoreFlow(null);
            pool.Enqueue(item);
        }

        internal override void OnRejected(LoopCore core)
        {
            item.IsDone = true;
            item.Fail(pool.Closed());
        }
    }

    private void AbandonFromAnywhere(WorkItem item, Exception? answer = null)
    {
        if (ReferenceEquals(LoopCore.Running, home))
        {
            Abandon();
        }
        else
        {
            home!.TryPost(CallbackItem<Action>.Create(static call => call(), Abandon, home.BaseContext));
        }

        void Abandon()
        {
            if (!item.IsDone)
            {
                this.Abandon(item);
                if (answer is not null)
                {
                    item.Fail(answer);
                }
            }
        }
    }

    private void FailFromAnywhere(WorkItem item, Exception failure)
    {
        if (ReferenceEquals(LoopCore.Running, home))
        {
            FailAndGiveUp(item, failure);
        }
        else
        {
            home!.TryPost(CallbackItem<Action>.Create(static call => call(), () => FailAndGiveUp(item, failure), home.BaseContext));
        }
    }
}
