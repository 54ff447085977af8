using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>
/// A coroutine's wait for something that is not ours: a Task, a ValueTask, Task.Yield, anybody's awaitable. Its delegate may be called on any
/// thread; the coroutine goes on on its loop all the same. .NET gives no way to interrupt it, so a cancellation stays pending. Pooled.
/// </summary>
internal sealed class ForeignWait : LoopItem, IWaitTarget
{
    private static readonly int Slot = ItemPools.NewSlot();

    private readonly Action resume;
    private CoroutineBox? box;       // loop thread; whoever calls resume sees it by the fence of the awaited thing's completion
    private Type? awaiter;

    private ForeignWait() => resume = Resume;

    internal static Action Begin(LoopCore core, CoroutineBox box, Type awaiter)
    {
        var wait = core.Pools.TryRent<ForeignWait>(Slot) ?? new ForeignWait();
        wait.box = box;
        wait.awaiter = awaiter;
        wait.Context = box.Context;
        box.Park(wait);
        return wait.resume;
    }

    private void Resume()
    {
        var core = (Context ?? throw new InvalidOperationException("An awaiter called its continuation twice.")).Core;
        if (!ReferenceEquals(LoopCore.Running, core))
        {
            core.Arrive(this);
            return;
        }

        // In a step of the same flow the method goes on in that step, as .NET would have it; from anywhere else it queues up.
        if (ReferenceEquals(core.Current, Context) && core.Current!.Task is not null)
        {
            var resumed = Detach(core);
            resumed.Unpark();
            core.RunNext(resumed);
        }
        else
        {
            OnArrived(core);
        }
    }

    private CoroutineBox Detach(LoopCore core)
    {
        var waiting = box!;
        box = null;
        awaiter = null;
        Context = null;
        core.Pools.Return(this, Slot);
        return waiting;
    }

    internal override void OnArrived(LoopCore core) => Detach(core).Wake(core);

    internal override void OnRejected(LoopCore core) => core.Loop.OnLateContinuation();

    internal override void Execute() => throw new InvalidOperationException("A foreign wait wakes its coroutine on arrival and is never run.");

    AbortResult IWaitTarget.Abort(WaitNode node, string? reason) => AbortResult.Refused;

    string IWaitTarget.Describe(WaitNode node) => MethodNames.OfAwaiter(awaiter);
}
