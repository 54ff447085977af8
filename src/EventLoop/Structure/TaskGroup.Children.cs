using System.Runtime.CompilerServices;
using EventLoop.Combining;
using EventLoop.Scheduling;
using EventLoop.Structure;
using EventLoop.Tasks;

namespace EventLoop;

// How children enter a group.
public sealed partial class TaskGroup
{
    /// <summary>Starts a child.</summary>
    /// <param name="coroutine">A coroutine that has not started.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    /// <param name="eager">Whether the first step runs inside this call. Null: as the loop's options say.</param>
    /// <returns>The child; the group awaits it regardless.</returns>
    /// <exception cref="InvalidOperationException">The group has ended, or is being cancelled.</exception>
    public LoopTask CreateTask(Coroutine coroutine, string? name = null, bool? eager = null)
    {
        var core = VerifyOpen(coroutine);
        bool now = BeginStart(core, eager);
        try
        {
            return LoopTask.Create(core, coroutine, name, now, this);
        }
        finally
        {
            EndStart(core, now);
        }
    }

    /// <inheritdoc cref="CreateTask(Coroutine, string?, bool?)"/>
    /// <typeparam name="T">The type of its result.</typeparam>
    public LoopTask<T> CreateTask<T>(Coroutine<T> coroutine, string? name = null, bool? eager = null)
    {
        var core = VerifyOpen(coroutine);
        bool now = BeginStart(core, eager);
        try
        {
            return LoopTask<T>.Create(core, coroutine, name, now, this);
        }
        finally
        {
            EndStart(core, now);
        }
    }

    /// <inheritdoc cref="CreateTask(Coroutine, string?, bool?)"/>
    /// <param name="body">Called in the child's first step.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    /// <param name="eager">Whether the first step runs inside this call. Null: as the loop's options say.</param>
    [OverloadResolutionPriority(1)]
    public LoopTask CreateTask(Func<Coroutine> body, string? name = null, bool? eager = null) => CreateTask(DeferredCoroutine.Run(body), name, eager);

    /// <inheritdoc cref="CreateTask(Func{Coroutine}, string?, bool?)"/>
    /// <typeparam name="T">The type of its result.</typeparam>
    [OverloadResolutionPriority(1)]
    public LoopTask<T> CreateTask<T>(Func<Coroutine<T>> body, string? name = null, bool? eager = null) => CreateTask(DeferredCoroutine.Run(body), name, eager);

    /// <inheritdoc cref="CreateTask(Func{Coroutine}, string?, bool?)"/>
    public LoopTask CreateTask(Func<Task> body, string? name = null, bool? eager = null) => CreateTask(DeferredCoroutine.Run(body), name, eager);

    /// <inheritdoc cref="CreateTask(Func{Coroutine}, string?, bool?)"/>
    /// <typeparam name="T">The type of its result.</typeparam>
    public LoopTask<T> CreateTask<T>(Func<Task<T>> body, string? name = null, bool? eager = null) => CreateTask(DeferredCoroutine.Run(body), name, eager);

    /// <summary>Adds a child that waits for a .NET task and ends as that does.</summary>
    /// <param name="task">Already running, and left alone when the group is cancelled. To run a method inside the child, pass the method: <c>CreateTask(() =>
    /// FetchAsync())</c>.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    /// <param name="eager">Whether the first step runs inside this call. Null: as the loop's options say.</param>
    /// <inheritdoc cref="CreateTask(Coroutine, string?, bool?)" path="/returns|/exception"/>
    public LoopTask CreateTask(Task task, string? name = null, bool? eager = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        return CreateTask(DeferredCoroutine.Run(() => task), name, eager);
    }

    /// <inheritdoc cref="CreateTask(Task, string?, bool?)"/>
    /// <typeparam name="T">The type of its result.</typeparam>
    public LoopTask<T> CreateTask<T>(Task<T> task, string? name = null, bool? eager = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        return CreateTask(DeferredCoroutine.Run(() => task), name, eager);
    }

    /// <summary>Adds a child without a handle: nothing to await, no warning CS4014. Trio: <c>start_soon</c>.</summary>
    /// <param name="coroutine">A coroutine that has not started.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    /// <exception cref="InvalidOperationException">The group has ended, or is being cancelled.</exception>
    public void StartSoon(Coroutine coroutine, string? name = null) => CreateTask(coroutine, name);

    /// <inheritdoc cref="StartSoon(Coroutine, string?)"/>
    /// <param name="body">Called in the child's first step.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    [OverloadResolutionPriority(1)]
    public void StartSoon(Func<Coroutine> body, string? name = null) => CreateTask(body, name);

    /// <inheritdoc cref="StartSoon(Func{Coroutine}, string?)"/>
    public void StartSoon(Func<Task> body, string? name = null) => CreateTask(body, name);

    /// <summary>Adds a child that waits for a .NET task, without a handle.</summary>
    /// <inheritdoc cref="CreateTask(Task, string?, bool?)" path="/param[@name='task']|/param[@name='name']"/>
    /// <inheritdoc cref="StartSoon(Coroutine, string?)" path="/exception"/>
    public void StartSoon(Task task, string? name = null) => CreateTask(task, name);

    /// <summary>Starts a child and waits until it reports that it has started, or ends. Trio: <c>nursery.start</c>.</summary>
    /// <typeparam name="T">The type of the value that it reports.</typeparam>
    /// <param name="body">Receives the function by which it reports that, once; afterwards it continues as a child.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    /// <returns>The value that it reported.</returns>
    /// <remarks>What the child throws before it has reported is thrown here and is no failure of the group, so that the caller may try again; afterwards it is
    /// the group's. A cancellation of the wait cancels a child that has not reported.</remarks>
    /// <exception cref="InvalidOperationException">The child ended without having reported, or the group accepts no more children.</exception>
    [OverloadResolutionPriority(1)]
    public async Coroutine<T> StartAsync<T>(Func<Action<T>, Coroutine> body, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        var core = VerifyOpen();
        var start = new ChildStart<T>(core.Loop);
        var child = CreateTask(start.Run(body), name);
        child.Watch(new BridgeObserver(ended => start.OnEnded((LoopAwaitable)ended)));
        try
        {
            return await start.Started;
        }
        catch (LoopCanceledException) when (!child.IsCompleted && !IsAborting)      // a group that ends has cancelled all its children, each once
        {
            child.Cancel("the wait for its start was cancelled");
            throw;
        }
    }

    /// <inheritdoc cref="StartAsync{T}(Func{Action{T}, Coroutine}, string?)"/>
    public Coroutine<T> StartAsync<T>(Func<Action<T>, Task> body, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        return StartAsync<T>(async Coroutine (started) => await body(started), name);
    }

    private LoopCore VerifyOpen(Coroutine given)
    {
        try
        {
            return VerifyOpen();
        }
        catch
        {
            given.Excuse();
            throw;
        }
    }

    private LoopCore VerifyOpen()
    {
        if (closed)
        {
            throw new InvalidOperationException("This task group has ended and takes no more children. Start them before its body returns, or in a group of "
                + "their own.");
        }

        if (IsAborting)
        {
            var refusal = new InvalidOperationException("This task group is being cancelled and takes no more children.");
            Refusals.Add(refusal, this);
            throw refusal;
        }

        scope.Core!.VerifyAccess("TaskGroup.CreateTask");
        return scope.Core;
    }

    private bool BeginStart(LoopCore core, bool? eager)
    {
        bool now = eager ?? core.Loop.Options.EagerTasks;
        starting += now ? 1 : 0;
        return now;
    }

    // The call that started a child which failed at once returns normally, and further children may follow: the body is notified at its next wait.
    private void EndStart(LoopCore core, bool eager)
    {
        starting -= eager ? 1 : 0;
        if (starting == 0 && pendingAbort is { } reason && !IsAborting && !scope.Cancelled)
        {
            if (ReferenceEquals(core.CurrentTask, scope.Host))
            {
                scope.Cancel(reason);
            }

            new InternalTimer(AbortIfPending).Start(core, TimeSpan.Zero);
        }
    }
}
