using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Foreign;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Combining;

/// <summary>shield: a wait that does not own what it waits for. A failure that comes after the waiter was cancelled belongs to nobody, and is reported as
/// lost.</summary>
[StackTraceHidden]
internal sealed class ShieldedWait(LoopAwaitable inner) : IWaitTarget, IAwaitsOthers
{
    internal LoopAwaitable Inner => inner;

    LoopAwaitable? IAwaitsOthers.Only => inner;

    bool IAwaitsOthers.Includes(LoopAwaitable awaited) => ReferenceEquals(inner, awaited);

    public Awaiter GetAwaiter() => new(this);

    public AbortResult Abort(WaitNode node, string? reason)
    {
        inner.RemoveWaiter(node);
        return AbortResult.GivenUp;
    }

    public void CollectBlockers(WaitNode node, List<IStepOwner> blockers)
    {
        if (inner is LoopTask task)
        {
            blockers.Add(task);
        }
    }

    public WaitKind Kind => ((IWaitTarget)inner).Kind;

    public object? Resource => ((IWaitTarget)inner).Resource;

    public string? Gist => ((IWaitTarget)inner).Gist;

    public string Describe(WaitNode node) => inner is ForeignTask ? inner.Label : $"{inner.Label} (shielded)";

    private bool BeginWait()
    {
        var core = LoopCore.Required;
        if (!ReferenceEquals(inner.Core, core))
        {
            inner.RefuseLoop();
        }

        if (core.TryInterrupt(out bool completed))
        {
            return completed;
        }

        if (inner is LoopTask awaited && core.CurrentTask is { } task)
        {
            AwaitCycle.Check(task, awaited);
        }

        return false;
    }

    [StackTraceHidden]
    internal readonly struct Awaiter(ShieldedWait wait) : System.Runtime.CompilerServices.ICriticalNotifyCompletion, ILoopAwaiter
    {
        public bool IsCompleted => wait.Inner.IsCompleted || wait.BeginWait();

        public LoopCore Core => wait.Inner.Core;

        public void GetResult()
        {
            LoopCore.ThrowIfInterrupted();
            wait.Inner.ThrowUnlessSucceeded();
        }

        public void OnCompleted(Action continuation) => Park(Core, ContinuationNode.Rent(Core, continuation, captureFlow: true));

        public void UnsafeOnCompleted(Action continuation) => Park(Core, ContinuationNode.Rent(Core, continuation, captureFlow: false));

        public void Park(LoopCore core, WaitNode awaiting)
        {
            if (!core.TryParkDeferred(awaiting))
            {
                wait.Inner.AddWaiter(awaiting);
                awaiting.Park(wait);
            }
        }
    }
}
