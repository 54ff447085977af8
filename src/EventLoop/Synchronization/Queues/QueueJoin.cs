using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization.Queues;

/// <summary>One wait until every item of a queue is done.</summary>
[StackTraceHidden]
internal sealed class QueueJoin<T> : PooledWait
{
    private static readonly int Slot = ItemPools.NewSlot();

    private AsyncQueue<T>? queue;

    internal static Coroutine Call(AsyncQueue<T> queue)
    {
        var wait = TryRent<QueueJoin<T>>(queue.Binding, Slot) ?? new();
        wait.queue = queue;
        wait.Begin();
        return new(wait, wait.Token);
    }

    public override bool Start(long token) =>
        TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) ? core.SpendBudget() : MustWait(token);

    private bool TryComplete(LoopCore core)
    {
        queue!.Binding.Verify(core, "AsyncQueue.JoinAsync");
        return queue.Unfinished == 0;
    }

    private protected override void Verify(LoopCore running) => queue?.Binding.Verify(running, "AsyncQueue.JoinAsync");

    protected override void Enqueue(WaitNode awaiting) => queue!.Joiners.Add(awaiting);

    public override AbortResult Abort(WaitNode node, string? reason)
    {
        queue!.Joiners.Remove(node);
        return AbortResult.GivenUp;
    }

    protected override void Recycle(LoopCore core)
    {
        queue = null;
        core.Pools.Return(this, Slot);
    }

    public override string Describe(WaitNode node) => $"{ResourceNames.Label("queue", queue)} ({queue?.Unfinished} items to be done)";

    public override WaitKind Kind => WaitKind.Queue;

    public override object? Resource => queue;

    public override string? Gist => "queue (items to be done)";
}
