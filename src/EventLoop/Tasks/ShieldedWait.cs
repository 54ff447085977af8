using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>shield: a wait that does not own what it waits for. A failure that comes after the waiter was cancelled is nobody's, and is reported as lost.</summary>
internal sealed class ShieldedWait(LoopAwaitable inner) : IWaitTarget, System.Runtime.CompilerServices.ICriticalNotifyCompletion, ILoopAwaiter
{
    internal LoopAwaitable Inner => inner;

    public bool IsCompleted
    {
        get
        {
            if (inner.IsCompleted)
            {
                return true;
            }

            var core = LoopCore.Required;
            if (!ReferenceEquals(inner.Core, core))
            {
                Throw.OtherLoop(inner.Kind);
            }

            if (core.TryInterrupt(out bool completed))
            {
                return completed;
            }

            if (core.CurrentTask is { } task)
            {
                AwaitCycle.Check(task, inner);
            }

            return false;
        }
    }

    public ShieldedWait GetAwaiter() => this;

    public void GetResult()
    {
        LoopCore.Required.ThrowIfInterrupted();
        inner.ThrowUnlessSucceeded();
    }

    public void Park(WaitNode awaiting)
    {
        if (!LoopCore.Required.TryParkDeferred(awaiting))
        {
            inner.AddWaiter(awaiting);
            awaiting.Park(this);
        }
    }

    public void OnCompleted(Action continuation) => Park(ContinuationNode.Rent(LoopCore.Required, continuation, captureFlow: true));

    public void UnsafeOnCompleted(Action continuation) => Park(ContinuationNode.Rent(LoopCore.Required, continuation, captureFlow: false));

    public AbortResult Abort(WaitNode node, string? reason)
    {
        inner.RemoveWaiter(node);
        return AbortResult.GivenUp;
    }

    public string Describe(WaitNode node) => $"{inner.Label} (shielded)";
}
