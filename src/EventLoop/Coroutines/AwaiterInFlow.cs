using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>What a suspended coroutine has to remember if its flow is not the loop's own: the flow, and the node that awaits it. Pooled; loop thread
/// only.</summary>
internal sealed class AwaiterInFlow : LoopItem
{
    private static readonly int Slot = ItemPools.NewSlot();

    internal WaitNode? Awaiter;
    internal ExecutionContext? Flow;

    internal static AwaiterInFlow Rent(LoopCore core, WaitNode? awaiter, ExecutionContext? flow)
    {
        var pair = core.Pools.TryRent<AwaiterInFlow>(Slot) ?? new AwaiterInFlow();
        pair.Awaiter = awaiter;
        pair.Flow = flow;
        return pair;
    }

    /// <summary>Returns it to the pool, and the node to the caller.</summary>
    internal WaitNode? Return(LoopCore core)
    {
        var awaiter = Awaiter;
        Awaiter = null;
        Flow = null;
        core.Pools.Return(this, Slot);
        return awaiter;
    }

    internal override void Execute() => throw new InvalidOperationException("It is a note, and is never run.");
}
