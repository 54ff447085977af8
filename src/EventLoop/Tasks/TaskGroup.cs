using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>Tasks that live no longer than the block that started them. asyncio: <c>TaskGroup</c>; Trio: a nursery.</summary>
/// <remarks>
/// <para><b>On failure:</b> the first failure of a child, or of the body, cancels the body and the other children, in creation order; all are awaited; then one <see cref="AggregateException"/> carries every failure, except cancellations.</para>
/// <para><b>On cancellation</b> from outside: the children are cancelled and awaited, then it goes on outwards. While the group waits for children that it has cancelled it is deaf to more; those requests are kept for after it.</para>
/// <para><b>Thread:</b> the loop's.</para>
/// </remarks>
public sealed class TaskGroup
{
    private readonly Scope scope;
    private readonly GroupJoin join;
    private readonly List<Exception> failures = [];
    private LoopExitException? exit;
    private bool closed;

    private TaskGroup(string? name)
    {
        Name = name;
        scope = new Scope(level: false);
        join = new GroupJoin(this);
    }

    /// <summary><see cref="Cancel"/> was called.</summary>
    public bool CancelCalled { get; private set; }

    /// <summary>The children that have not ended, in creation order.</summary>
    public IReadOnlyCollection<LoopTask> Tasks => [.. join.Children.OrderBy(static task => task.Id)];

    internal string? Name { get; }

    internal bool IsAborting { get; private set; }

    // ---- Running one

    /// <summary>Runs <paramref name="body"/>, waits for all tasks that it and they started in the group, and fails if any of them failed.</summary>
    /// <param name="body">Gets the group, to start children in.</param>
    /// <param name="name">For the live view.</param>
    /// <exception cref="AggregateException">The body or children failed; a lone failure is in it, too.</exception>
    /// <exception cref="InvalidOperationException">No task runs here.</exception>
    [OverloadResolutionPriority(1)]
    public static async Coroutine Run(Func<TaskGroup, Coroutine> body, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        var group = new TaskGroup(name);
        group.scope.Enter("TaskGroup");
        Exception? failure = null;
        try
        {
            await body(group);
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        await group.Join(failure);
    }

    /// <inheritdoc cref="Run(Func{TaskGroup, Coroutine}, string?)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's value. After <see cref="Cancel"/>: the body's value if it returned one.</returns>
    /// <exception cref="LoopCanceledException">The group was cancelled before the body returned.</exception>
    [OverloadResolutionPriority(1)]
    public static async Coroutine<T> Run<T>(Func<TaskGroup, Coroutine<T>> body, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        var group = new TaskGroup(name);
        group.scope.Enter("TaskGroup");
        T? result = default;
        Exception? failure = null;
        try
        {
            result = await body(group);
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        await group.Join(failure);
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return result!;
    }

    /// <inheritdoc cref="Run(Func{TaskGroup, Coroutine}, string?)"/>
    public static Coroutine Run(Func<TaskGroup, Task> body, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Run(async Coroutine (group) => await body(group), name);
    }

    /// <inheritdoc cref="Run{T}(Func{TaskGroup, Coroutine{T}}, string?)"/>
    public static Coroutine<T> Run<T>(Func<TaskGroup, Task<T>> body, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Run(async Coroutine<T> (group) => await body(group), name);
    }

    // ---- Children

    /// <summary>Starts a child.</summary>
    /// <param name="coroutine">What it runs.</param>
    /// <param name="name">Null: "Task-7".</param>
    /// <param name="eager">True: its first step runs inside this call. Null: as the loop's options say.</param>
    /// <returns>The child; the group awaits it in any case.</returns>
    /// <exception cref="InvalidOperationException">The group has ended, or is being cancelled.</exception>
    public LoopTask CreateTask(Coroutine coroutine, string? name = null, bool? eager = null)
    {
        var core = VerifyOpen(coroutine);
        return LoopTask.Create(core, coroutine, name, eager ?? core.Loop.Options.EagerTasks, this);
    }

    /// <inheritdoc cref="CreateTask(Coroutine, string?, bool?)"/>
    /// <typeparam name="T">The type of its result.</typeparam>
    public LoopTask<T> CreateTask<T>(Coroutine<T> coroutine, string? name = null, bool? eager = null)
    {
        var core = VerifyOpen(coroutine);
        return LoopTask<T>.Create(core, coroutine, name, eager ?? core.Loop.Options.EagerTasks, this);
    }

    /// <inheritdoc cref="CreateTask(Coroutine, string?, bool?)"/>
    /// <param name="body">Called in the child's first step.</param>
    /// <param name="name">Null: "Task-7".</param>
    /// <param name="eager">True: its first step runs inside this call. Null: as the loop's options say.</param>
    [OverloadResolutionPriority(1)]
    public LoopTask CreateTask(Func<Coroutine> body, string? name = null, bool? eager = null) => CreateTask(Bodies.Run(body), name, eager);

    /// <inheritdoc cref="CreateTask(Func{Coroutine}, string?, bool?)"/>
    /// <typeparam name="T">The type of its result.</typeparam>
    [OverloadResolutionPriority(1)]
    public LoopTask<T> CreateTask<T>(Func<Coroutine<T>> body, string? name = null, bool? eager = null) => CreateTask(Bodies.Run(body), name, eager);

    /// <inheritdoc cref="CreateTask(Func{Coroutine}, string?, bool?)"/>
    public LoopTask CreateTask(Func<Task> body, string? name = null, bool? eager = null) => CreateTask(Bodies.Run(body), name, eager);

    /// <inheritdoc cref="CreateTask(Func{Coroutine}, string?, bool?)"/>
    /// <typeparam name="T">The type of its result.</typeparam>
    public LoopTask<T> CreateTask<T>(Func<Task<T>> body, string? name = null, bool? eager = null) => CreateTask(Bodies.Run(body), name, eager);

    /// <summary>Adds a child without a handle: nothing to await, no warning CS4014. Trio: <c>start_soon</c>.</summary>
    /// <param name="coroutine">What it runs.</param>
    /// <param name="name">Null: "Task-7".</param>
    /// <exception cref="InvalidOperationException">The group has ended, or is being cancelled.</exception>
    public void StartSoon(Coroutine coroutine, string? name = null) => CreateTask(coroutine, name);

    /// <inheritdoc cref="StartSoon(Coroutine, string?)"/>
    /// <param name="body">Called in the child's first step.</param>
    /// <param name="name">Null: "Task-7".</param>
    [OverloadResolutionPriority(1)]
    public void StartSoon(Func<Coroutine> body, string? name = null) => CreateTask(body, name);

    /// <inheritdoc cref="StartSoon(Func{Coroutine}, string?)"/>
    public void StartSoon(Func<Task> body, string? name = null) => CreateTask(body, name);

    /// <summary>Starts a child and waits until it says that it has started, or ends. Trio: <c>nursery.start</c>.</summary>
    /// <typeparam name="T">The type of what it says.</typeparam>
    /// <param name="body">Gets the function by which it says so, once; goes on as a child afterwards.</param>
    /// <param name="name">Null: "Task-7".</param>
    /// <returns>What it said.</returns>
    /// <exception cref="InvalidOperationException">The child ended without having said so, or the group takes no more children.</exception>
    public async Coroutine<T> StartAsync<T>(Func<Action<T>, Coroutine> body, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        var core = VerifyOpen();
        var started = new LoopFuture<T>(core.Loop);
        var child = CreateTask(
            Bodies.Run(() => body(value =>
            {
                if (!started.TrySetResult(value) && !started.IsCanceled)
                {
                    throw new InvalidOperationException("The child has said already that it has started; it says so once.");
                }
            })),
            name);
        child.Watch(new BridgeWatcher(ended => started.TrySetException(
            ((LoopAwaitable)ended).FailureOrCancellation() ?? new InvalidOperationException($"The child {child.Label} ended without having said that it had started."))));
        try
        {
            return await started;
        }
        catch (LoopCanceledException) when (!child.IsCompleted)
        {
            child.Cancel("the wait for its start was cancelled");
            throw;
        }
    }

    /// <summary>Ends the group early: cancels the body, if it still runs, and the children; <see cref="Run(Func{TaskGroup, Coroutine}, string?)"/> then returns without an error.</summary>
    /// <param name="reason">A text for whoever sees the cancellation.</param>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public void Cancel(string? reason = null)
    {
        scope.Core?.VerifyAccess("TaskGroup.Cancel");
        if (!closed)
        {
            CancelCalled = true;
            Abort(reason ?? "the task group was cancelled");
        }
    }

    internal void Adopt(LoopTask child)
    {
        child.JoinGroup(this, scope.Parent);
        join.Add(child);
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
            throw new InvalidOperationException("This task group has ended and takes no more children. Start them before its body returns, or in a group of their own.");
        }

        if (IsAborting)
        {
            throw new InvalidOperationException("This task group is being cancelled and takes no more children.");
        }

        scope.Core!.VerifyAccess("TaskGroup.CreateTask");
        return scope.Core;
    }

    private void Abort(string reason)
    {
        if (IsAborting)
        {
            return;
        }

        IsAborting = true;
        scope.Cancel(reason);
        foreach (var child in Tasks)
        {
            child.CancelCore(reason);
        }
    }

    private void OnChildEnded(LoopTask child)
    {
        if (!child.IsFaulted)
        {
            return;
        }

        var failure = child.FailureOrCancellation()!;
        if (failure is LoopExitException leave)
        {
            exit ??= leave;
        }
        else
        {
            AddFailure(failure);
        }

        Abort($"{child.Label} failed");
    }

    // A child's failure that the body awaited and let through is one failure, not two.
    private void AddFailure(Exception failure)
    {
        if (!failures.Contains(failure))
        {
            failures.Add(failure);
        }
    }

    private async Coroutine Join(Exception? bodyFailure)
    {
        OperationCanceledException? cancellation = null;
        switch (bodyFailure)
        {
            case null:
                break;
            case LoopExitException leave:
                exit ??= leave;
                Abort("the body asked to exit");
                break;
            case OperationCanceledException canceled when IsAborting && scope.Absorbs(canceled):
                break;
            case OperationCanceledException canceled when IsCancellation(canceled):
                cancellation = canceled;
                Abort("the task group was cancelled from outside");
                break;
            default:
                AddFailure(bodyFailure);
                Abort("the body failed");
                break;
        }

        while (join.HasChildren)
        {
            try
            {
                await join;
            }
            catch (LoopCanceledException canceled)
            {
                cancellation = canceled;
                Abort("the task group was cancelled from outside");
            }
        }

        closed = true;
        scope.Leave();
        if (exit is not null)
        {
            ExceptionDispatchInfo.Throw(exit);
        }

        if (failures.Count > 0)
        {
            if (cancellation is not null)
            {
                scope.RearmOuter();      // the failures go first; the cancellation lands at the next wait
            }

            throw new AggregateException(Name is null ? "Tasks of a group failed." : $"Tasks of the group '{Name}' failed.", failures);
        }

        if (cancellation is not null)
        {
            ExceptionDispatchInfo.Throw(cancellation);
        }
    }

    private bool IsCancellation(OperationCanceledException exception) => exception is LoopCanceledException || scope.IsCancelledAround;

    /// <summary>It is where this group waits for its children.</summary>
    internal bool IsJoin(Scheduling.IWaitTarget target) => ReferenceEquals(target, join);

    /// <summary>Where the group waits for its children; deaf once it has cancelled them.</summary>
    private sealed class GroupJoin(TaskGroup group) : WaitPoint
    {
        private readonly HashSet<LoopTask> children = [];

        internal IReadOnlyCollection<LoopTask> Children => children;

        internal bool HasChildren => children.Count > 0;

        protected override bool IsReady => children.Count == 0;

        protected override bool IsInterruptible => !group.IsAborting;

        internal void Add(LoopTask child)
        {
            children.Add(child);
            child.Watch(new ChildWatcher(this));
        }

        public override string Describe(WaitNode node) =>
            group.Name is { } name ? $"task group '{name}' ({children.Count} children)" : $"task group ({children.Count} children)";

        public override void CollectBlockers(WaitNode node, List<LoopTask> blockers) => blockers.AddRange(children);

        private void Remove(LoopTask child)
        {
            children.Remove(child);
            group.OnChildEnded(child);
            if (children.Count == 0)
            {
                WakeWaiter();
            }
        }

        private sealed class ChildWatcher(GroupJoin join) : Watcher
        {
            internal override LoopTask? OwnerTask => join.Waiter;

            internal override void OnEnded(LoopAwaitable ended) => join.Remove((LoopTask)ended);
        }
    }
}
