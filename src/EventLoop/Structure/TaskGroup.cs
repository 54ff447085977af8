using System.Diagnostics;
using System.ComponentModel;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using EventLoop.Cancellation;
using EventLoop.Combining;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>Tasks that live no longer than the block that started them. asyncio: <c>TaskGroup</c>; Trio: a nursery.</summary>
/// <remarks>
/// <para><b>On failure:</b> the first failure of a child, or of the body, cancels the other children, in creation order, and then the body; all are awaited;
/// then one <see cref="AggregateException"/> carries all failures, but no cancellations.</para>
/// <para><b>On cancellation</b> from outside: the children are cancelled and awaited, then the cancellation propagates outwards. While the group waits for
/// children that it has cancelled it ignores further requests; they are thrown when it ends, or, if there are failures to throw, delivered at the next
/// wait.</para>
/// <para><b>Eager children:</b> a failure inside the first step takes effect at the body's next wait.</para>
/// <para><b>Thread:</b> the loop's.</para>
/// </remarks>
[DebuggerTypeProxy(typeof(TaskGroupDebugView))]
public sealed partial class TaskGroup : INamed, ITaskOwner
{
    // What was thrown for children that came after a group had been cancelled, and by which. Any thread.
    private static readonly ConditionalWeakTable<Exception, TaskGroup> Refusals = [];

    private readonly Scope scope;
    private readonly GroupJoin join;
    private readonly List<Exception> failures = [];
    private HashSet<Exception>? known;
    private LoopExitException? exit;
    private bool closed;
    private int starting;               // eager children in their first step
    private LoopTask? failedChild;      // the first one
    private string? pendingAbort;       // an eager child has failed, and the body has not waited since

    private const string HowToRunOne = "A task group is a lambda, because DisposeAsync is not told of the body's exception: await TaskGroup.Run(async group "
        + "=> { ... }).";

    /// <summary>Not for use: groups are run by <see cref="Run(Func{TaskGroup, Coroutine}, string?)"/>.</summary>
    [Obsolete(HowToRunOne, error: true)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public TaskGroup() => throw new InvalidOperationException(HowToRunOne);

    private TaskGroup(string? name)
    {
        Name = name;
        join = new GroupJoin(this);
        scope = new Scope(level: false, delivered: AbortIfPending) { Heirs = join.Children, Name = name };
    }

    /// <summary>Whether <see cref="Cancel"/> was called.</summary>
    public bool CancelCalled { get; private set; }

    /// <summary>The children that have not ended, in creation order.</summary>
    public IReadOnlyCollection<LoopTask> Tasks => [.. join.Children];

    internal string? Name { get; }

    object INamed.Resource => scope;

    internal bool IsAborting { get; private set; }

    /// <summary>The scope that all children are in.</summary>
    internal Scope Scope => scope;

    internal Exception[] Failures => [.. failures];

    // ---- Running a group

    /// <summary>Runs <paramref name="body"/>, waits for all tasks that were started in the group, and fails if any of them failed.</summary>
    /// <param name="body">Receives the group, to start children in.</param>
    /// <param name="name">For the live view.</param>
    /// <exception cref="AggregateException">The body or children failed; a single failure is wrapped as well.</exception>
    /// <exception cref="InvalidOperationException">No task is running here.</exception>
    /// <example>
    /// <code>
    /// await TaskGroup.Run(async group =&gt;
    /// {
    ///     LoopTask&lt;int&gt; one = group.CreateTask(Fetch(1)), two = group.CreateTask(Fetch(2));
    ///     Console.WriteLine(await one + await two);
    /// });      // both have ended here; if one fails, the other is cancelled
    ///
    /// static async Coroutine&lt;int&gt; Fetch(int number)
    /// {
    ///     await Loop.Sleep(100);
    ///     return number;
    /// }
    /// </code>
    /// </example>
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
    /// <returns>The value that the body returned, also after <see cref="Cancel"/>.</returns>
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
            ExceptionDispatchInfo.Throw(group.IsRefusal(failure) ? new LoopCanceledException(group.scope.Reason, failure) : failure);
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

    /// <summary>Ends the group early: cancels the body, if it is still running, and the children; <see cref="Run(Func{TaskGroup, Coroutine}, string?)"/> then
    /// returns without an error.</summary>
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

    /// <summary>Not for use: a group ends with its body; see <see cref="Run(Func{TaskGroup, Coroutine}, string?)"/>.</summary>
    [Obsolete(HowToRunOne, error: true)]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public ValueTask DisposeAsync() => throw new InvalidOperationException(HowToRunOne);

    Scope? ITaskOwner.ScopeOfChildren => scope.Parent;

    LoopTask? ITaskOwner.Waiter => join.Waiter;

    void ITaskOwner.Adopt(ChildContext child) => join.Children.Add(child);

    void ITaskOwner.OnEnded(ChildContext child) => join.Remove(child);

    private void Abort(string reason)
    {
        if (IsAborting)
        {
            return;
        }

        // The children first, because they use what the body owns.
        IsAborting = true;
        var core = scope.Core!;
        using (new CancelTrail.Under(core, CancelTrail.IsHeard(core) ? TrailOf(core, reason) : null))
        {
            foreach (var child in Tasks)
            {
                child.CancelCore(reason);
            }

            scope.Cancel(reason);
        }
    }

    private CancelTrail TrailOf(LoopCore core, string reason)
    {
        string group = Name is null ? "task group" : $"task group '{Name}'";
        if (failedChild is { } failed)
        {
            var failure = failed.PeekFailure();
            return new CancelTrail($"{group} (sibling failed)", failed.Id, failure is null ? reason : FailureText.Of(failure),
                core.Clock.Now, null);
        }

        var host = scope.Host!;
        if (CancelCalled)
        {
            return CancelTrail.Current(core, reason).Then(core, group, host.Id, reason);
        }

        // From outside: from a scope around it, or by a request to its task.
        CancelTrail? before = null;
        for (var around = scope.Parent; around is not null && before is null; around = around.Parent)
        {
            before = around.Cancelled ? CancelTrail.Of(around) : null;
        }

        before ??= CancelTrail.Of(host);
        return before?.Then(core, group, host.Id, before.Reason ?? reason) ?? new CancelTrail(group, host.Id, reason, core.Clock.Now, null);
    }

    private void AbortIfPending()
    {
        if (pendingAbort is { } reason)
        {
            Abort(reason);
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
        else if (IsAborting && (scope.Core!.Loop.IsCancellation(failure) || (child.HasUndeliveredRequest && IsRefusal(failure))))
        {
            return;      // the group's own, whatever the child did with it
        }
        else
        {
            AddFailure(failure);
        }

        failedChild ??= child;
        if (starting > 0)
        {
            pendingAbort ??= $"{child.Label} failed";
        }
        else
        {
            Abort($"{child.Label} failed");
        }
    }

    // Whoever, child or body, had been given something to start a child for when the group was cancelled has met the cancellation there, and not failed.
    private bool IsRefusal(Exception failure) => Refusals.TryGetValue(failure, out var by) && ReferenceEquals(by, this);

    // A child's failure that the body awaited and let escape is one failure, not two.
    private void AddFailure(Exception failure)
    {
        if ((known ??= new(ReferenceEqualityComparer.Instance)).Add(failure))
        {
            failures.Add(failure);
        }
    }
}
