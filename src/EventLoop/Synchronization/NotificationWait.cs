using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization;

/// <summary>
/// A wait for a notification, and for the lock after it. The waiting node is parked once: when notified, it moves from the condition's line to the lock's, and
/// the hand-over of the lock wakes it. So a notification costs no step of its own, and the lock is held whenever the node runs.
/// </summary>
[StackTraceHidden]
internal sealed class NotificationWait : PooledWait
{
    private enum Stage : byte
    {
        Waiting,
        Notified,
        Cancelled,      // before it was notified; it wants the lock back first
    }

    private static readonly int Slot = ItemPools.NewSlot();

    private AsyncCondition? condition;
    private string? reason;
    private Stage stage;

    /// <summary>The ticket of the acquisition that the wait interrupts, and that continues after it.</summary>
    internal long Ticket { get; private set; }

    internal static NotificationWait Rent(AsyncCondition condition)
    {
        var wait = TryRent<NotificationWait>(condition.Binding, Slot) ?? new NotificationWait();
        wait.Begin();
        wait.condition = condition;
        return wait;
    }

    /// <summary>Called when it has left the condition's line. The notifier holds the lock.</summary>
    internal void OnNotified(WaitNode node)
    {
        stage = Stage.Notified;
        condition!.Lock.Enqueue(node);
    }

    public override bool Start(long token) =>
        TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) ? core.SpendBudget() : MustWait(token);

    private bool TryComplete(LoopCore core)
    {
        Verify(core);
        if (condition!.IsLocked)
        {
            condition.Lock.VerifyHolder();
            return false;
        }

        core.PendingThrow = AsyncCondition.Unlocked();
        return true;
    }

    private protected override void Verify(LoopCore running)
    {
        condition?.Binding.Verify(running, "AsyncCondition.WaitAsync");
        condition?.Lock.VerifyLoop(running, "AsyncCondition.WaitAsync");
    }

    protected override void Enqueue(WaitNode awaiting) => condition!.Waiters.Add(awaiting);

    protected override void OnParked()
    {
        Ticket = condition!.Lock.Ticket;
        condition.Lock.Release();
    }

    public override AbortResult Abort(WaitNode node, string? reason)
    {
        switch (stage)
        {
            case Stage.Notified:
                return AbortResult.Refused;
            case Stage.Cancelled:
                return AbortResult.PassedOn;
        }

        condition!.Waiters.Remove(node);
        if (condition.Lock.TryRetake(node.Context, Ticket))
        {
            return AbortResult.GivenUp;
        }

        stage = Stage.Cancelled;
        this.reason = reason;
        condition.Lock.Enqueue(node);
        return AbortResult.PassedOn;
    }

    public override void Leave(WaitNode node)
    {
        if (stage == Stage.Waiting)
        {
            condition!.Waiters.Remove(node);
        }
        else
        {
            condition!.Lock.Dequeue(node);
        }
    }

    protected override void Recycle(LoopCore core)
    {
        if (stage == Stage.Cancelled)
        {
            core.PendingThrow = new LoopCanceledException(reason);
        }

        condition = null;
        reason = null;
        stage = Stage.Waiting;
        core.Pools.Return(this, Slot);
    }

    public override string Describe(WaitNode node) => stage == Stage.Waiting
        ? ResourceNames.Label("condition", condition)
        : $"{ResourceNames.Label("condition", condition)} (for its lock)";

    public override void CollectBlockers(WaitNode node, List<IStepOwner> blockers)
    {
        if (stage != Stage.Waiting && condition?.Lock.Owner is { IsCompleted: false } owner)
        {
            blockers.Add(owner);
        }
    }

    public override WaitKind Kind => stage == Stage.Waiting ? WaitKind.Condition : WaitKind.Lock;

    public override object? Resource => stage == Stage.Waiting ? condition : condition?.Lock;

    public override string? Gist => stage == Stage.Waiting ? "condition" : "condition (for its lock)";
}
