using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>A place where one flow waits for a condition of the library's own: the children of a gather or of a group, the next item of as_completed. Loop
/// thread only.</summary>
[StackTraceHidden]
internal abstract class WaitPoint : IWaitTarget
{
    private WaitNode? waiter;
    private Action? whenReady;

    /// <summary>Whether there is nothing to wait for.</summary>
    protected abstract bool IsReady { get; }

    /// <summary>The task that waits here, for the live view.</summary>
    internal LoopTask? Waiter => waiter?.Context?.Task;

    /// <summary>Whether the wait checks for cancellation and can be interrupted by one.</summary>
    protected virtual bool IsInterruptible => true;

    /// <summary>
    /// Called when the wait was interrupted, or was not even begun: what it owns has to be cancelled. After <see cref="AbortResult.PassedOn"/> it keeps
    /// waiting until that has ended, and throws the cancellation itself.
    /// </summary>
    protected virtual AbortResult OnInterrupted(string? reason) => AbortResult.GivenUp;

    public abstract string Describe(WaitNode node);

    public virtual void CollectBlockers(WaitNode node, List<IStepOwner> blockers) { }

    public virtual BlockersNeeded Needs => BlockersNeeded.All;

    public virtual WaitKind Kind => WaitKind.Other;

    public virtual object? Resource => this;

    public virtual string? Gist => null;

    /// <summary>Wakes the waiter because the condition holds.</summary>
    protected void WakeWaiter()
    {
        if (waiter is { } node)
        {
            waiter = null;
            node.Wake(node.Context!.Core);
        }

        whenReady?.Invoke();
    }

    /// <summary>For code that drives a loop and cannot await.</summary>
    internal void WhenReady(Action told) => whenReady = told;

    public Awaiter GetAwaiter() => new(this);

    AbortResult IWaitTarget.Abort(WaitNode node, string? reason)
    {
        if (!IsInterruptible)
        {
            return AbortResult.Refused;
        }

        var result = OnInterrupted(reason);
        if (result == AbortResult.GivenUp)
        {
            waiter = null;
        }

        return result;
    }

    [StackTraceHidden]
    internal readonly struct Awaiter(WaitPoint point) : ICriticalNotifyCompletion, ILoopAwaiter
    {
        public bool IsCompleted
        {
            get
            {
                var core = LoopCore.Required;
                if (point.IsInterruptible && core.TryInterrupt(out bool completed))
                {
                    if (point.OnInterrupted((core.PendingThrow as LoopCanceledException)?.Reason) == AbortResult.GivenUp)
                    {
                        return completed;
                    }

                    core.PendingThrow = null;      // what it owns ends first, and then it throws
                    core.Deferred = false;
                }

                return point.IsReady && core.SpendBudget();
            }
        }

        public void GetResult() => LoopCore.ThrowIfInterrupted();

        public LoopCore Core => LoopCore.Required;

        public void OnCompleted(Action continuation) => Park(Core, ContinuationNode.Rent(Core, continuation, captureFlow: true));

        public void UnsafeOnCompleted(Action continuation) => Park(Core, ContinuationNode.Rent(Core, continuation, captureFlow: false));

        public void Park(LoopCore core, WaitNode awaiting)
        {
            if (!core.TryParkDeferred(awaiting))
            {
                point.waiter = awaiting;
                awaiting.Park(point);
            }
        }
    }
}
