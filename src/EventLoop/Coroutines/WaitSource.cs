using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>
/// An operation that may wait and carries nothing of its own, so that one object serves all calls: it first checks for cancellation, tries to complete at
/// once, counts that against the step's budget, and parks the awaiting coroutine itself. Nothing is allocated. See <see cref="Synchronization.PooledWait"/>
/// for those that hand something over.
/// </summary>
[StackTraceHidden]
internal abstract class WaitSource : ICoroutineSource
{
    public bool Start(long token)
    {
        var core = LoopCore.Required;
        if (core.TryInterrupt(out bool completed))
        {
            return completed;
        }

        return TryComplete(core, token) && core.SpendBudget();
    }

    public void Park(LoopCore core, long token, WaitNode awaiting)
    {
        if (!core.TryParkDeferred(awaiting))
        {
            ParkCore(core, token, awaiting);
        }
    }

    public virtual void End(long token) => LoopCore.ThrowIfInterrupted();

    /// <summary>Takes what it needs if that is there now. If it returns false it has taken nothing.</summary>
    protected abstract bool TryComplete(LoopCore core, long token);

    /// <summary>Puts the node where its wake-up will come from, and parks it.</summary>
    protected abstract void ParkCore(LoopCore core, long token, WaitNode awaiting);
}
