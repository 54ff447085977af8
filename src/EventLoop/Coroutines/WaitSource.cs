using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>
/// An operation that may wait: asks for a cancellation first, tries to complete at once, counts that against the step's budget, and
/// parks the awaiting coroutine itself. Nothing is allocated.
/// </summary>
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

    public void End(long token) => LoopCore.ThrowIfInterrupted();

    /// <summary>Takes what it needs if that is there now. Takes nothing when it answers false.</summary>
    protected abstract bool TryComplete(LoopCore core, long token);

    /// <summary>Puts the node where its wake-up will come from, and parks it.</summary>
    protected abstract void ParkCore(LoopCore core, long token, WaitNode awaiting);
}

/// <inheritdoc/>
internal abstract class WaitSource<T> : WaitSource, ICoroutineSource<T>
{
    public T EndWithResult(long token)
    {
        LoopCore.ThrowIfInterrupted();
        return TakeResult(token);
    }

    /// <summary>What was taken at once, or handed over while it waited.</summary>
    protected abstract T TakeResult(long token);
}
