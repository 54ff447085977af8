using System.ComponentModel;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>For <c>await</c> of a task or future.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
[StackTraceHidden]
public readonly struct LoopAwaiter : ICriticalNotifyCompletion, ILoopAwaiter
{
    private readonly LoopAwaitable awaitable;

    internal LoopAwaiter(LoopAwaitable awaitable) => this.awaitable = awaitable;

    /// <summary>Whether it has ended, or this task must not wait for it. Awaiting what has ended is no wait and does not check for cancellation.</summary>
    /// <exception cref="InvalidOperationException">It belongs to another loop, or the wait would close a cycle of tasks.</exception>
    public bool IsCompleted => awaitable.IsCompleted || BeginWait(awaitable);

    /// <summary>Ends the await; throws if it did not succeed.</summary>
    public void GetResult()
    {
        LoopCore.ThrowIfInterrupted();
        awaitable.ThrowUnlessSucceeded();
    }

    /// <summary>For <c>await</c> in methods that are not coroutines.</summary>
    public void OnCompleted(Action c) => Park(LoopCore.Required, awaitable, ContinuationNode.Rent(LoopCore.Required, c, captureFlow: true));

    /// <summary>For <c>await</c> in methods that are not coroutines.</summary>
    public void UnsafeOnCompleted(Action c) => Park(LoopCore.Required, awaitable, ContinuationNode.Rent(LoopCore.Required, c, captureFlow: false));

    LoopCore ILoopAwaiter.Core => awaitable.Core;

    void ILoopAwaiter.Park(LoopCore core, WaitNode awaiting) => Park(core, awaitable, awaiting);

    internal static bool BeginWait(LoopAwaitable awaitable)
    {
        var core = awaitable.Core;
        if (!core.IsSurelyHere && !ReferenceEquals(core, LoopCore.Required))
        {
            awaitable.RefuseLoop();
        }

        if (core.TryInterrupt(out bool completed))
        {
            awaitable.CancelCore(core.PendingThrow is LoopCanceledException { Reason: var reason } ? reason : null);
            return completed;
        }

        if (core.Current?.Task is { } task && (task.MayHaveAwaiters || ReferenceEquals(task, awaitable)) && awaitable is not LoopFuture
            && awaitable is LoopTask awaited)
        {
            AwaitCycle.Check(task, awaited);
        }

        return false;
    }

    internal static void Park(LoopCore core, LoopAwaitable awaitable, WaitNode node)
    {
        if (core.TryParkDeferred(node))
        {
            return;
        }

        if (awaitable.IsCompleted)
        {
            node.Defer(core, null);
            return;
        }

        awaitable.AddWaiter(node);
        node.Park(awaitable);
    }
}

/// <summary>For <c>await</c> of a task or future with a result.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
[EditorBrowsable(EditorBrowsableState.Never)]
[StackTraceHidden]
public readonly struct LoopAwaiter<T> : ICriticalNotifyCompletion, ILoopAwaiter
{
    private readonly LoopAwaitable awaitable;

    internal LoopAwaiter(LoopAwaitable awaitable) => this.awaitable = awaitable;

    /// <inheritdoc cref="LoopAwaiter.IsCompleted"/>
    public bool IsCompleted => awaitable.IsCompleted || LoopAwaiter.BeginWait(awaitable);

    /// <summary>Ends the await with the result; throws if it did not succeed.</summary>
    public T GetResult()
    {
        LoopCore.ThrowIfInterrupted();
        awaitable.ThrowUnlessSucceeded();
        return awaitable is LoopTask<T> task ? task.Value : ((LoopFuture<T>)awaitable).Value;
    }

    /// <summary>For <c>await</c> in methods that are not coroutines.</summary>
    public void OnCompleted(Action c) => LoopAwaiter.Park(LoopCore.Required, awaitable, ContinuationNode.Rent(LoopCore.Required, c, captureFlow: true));

    /// <summary>For <c>await</c> in methods that are not coroutines.</summary>
    public void UnsafeOnCompleted(Action c) => LoopAwaiter.Park(LoopCore.Required, awaitable, ContinuationNode.Rent(LoopCore.Required, c, captureFlow: false));

    LoopCore ILoopAwaiter.Core => awaitable.Core;

    void ILoopAwaiter.Park(LoopCore core, WaitNode awaiting) => LoopAwaiter.Park(core, awaitable, awaiting);
}
