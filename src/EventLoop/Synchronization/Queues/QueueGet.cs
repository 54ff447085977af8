using System.Runtime.CompilerServices;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization.Queues;

/// <summary>One get from a queue.</summary>
[StackTraceHidden]
internal sealed class QueueGet<T> : PooledWait<T>
{
    private static readonly int Slot = ItemPools.NewSlot();

    private AsyncQueue<T>? queue;

    /// <param name="owner">The queue that keeps it for itself; null: it is rented.</param>
    internal QueueGet(AsyncQueue<T>? owner) => queue = owner;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Coroutine<T> Call(AsyncQueue<T> queue)
    {
        var own = queue.OwnGet;
        return own.TryClaim(out long token) ? new(own, token) : CallAnother(queue);
    }

    private static Coroutine<T> CallAnother(AsyncQueue<T> queue)
    {
        var wait = Rent(queue);
        return new(wait, wait.Token);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static QueueGet<T> Rent(AsyncQueue<T> queue)
    {
        var wait = FindFree(queue.OwnGet, queue.Binding, Slot) ?? new(null);
        wait.queue = queue;
        wait.Begin();
        return wait;
    }

    public override bool Start(long token) =>
        TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) ? core.SpendBudget() : MustWait(token);

    private bool TryComplete(LoopCore core)
    {
        queue!.Binding.Verify(core, "AsyncQueue.GetAsync");
        return queue.TryTake(out Result) || queue.Refuses(core);
    }

    private protected override void Verify(LoopCore running) => queue?.Binding.Verify(running, "AsyncQueue.GetAsync");

    protected override void Enqueue(WaitNode awaiting) => queue!.Getters.Add(awaiting);

    public override AbortResult Abort(WaitNode node, string? reason)
    {
        queue!.Getters.Remove(node);
        return AbortResult.GivenUp;
    }

    protected override void Recycle(LoopCore core)
    {
        ForgetResult();
        if (!ReferenceEquals(this, queue!.OwnGet))
        {
            queue = null;
            core.Pools.Return(this, Slot);
        }
    }

    public override string Describe(WaitNode node) => $"{ResourceNames.Label("queue", queue)} (for an item)";

    public override WaitKind Kind => WaitKind.Queue;

    public override object? Resource => queue;
}
