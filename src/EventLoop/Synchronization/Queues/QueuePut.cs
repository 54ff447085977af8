using System.Runtime.CompilerServices;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization.Queues;

/// <summary>One put into a queue.</summary>
[StackTraceHidden]
internal sealed class QueuePut<T> : PooledWait
{
    private static readonly int Slot = ItemPools.NewSlot();

    private AsyncQueue<T>? queue;

    /// <param name="owner">The queue that keeps it for itself; null: it is rented.</param>
    internal QueuePut(AsyncQueue<T>? owner) => queue = owner;

    internal T? Item { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Coroutine Call(AsyncQueue<T> queue, T item)
    {
        var own = queue.OwnPut;
        if (own.TryClaim(out long token))
        {
            own.Item = item;
            return new(own, token);
        }

        return CallAnother(queue, item);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Coroutine CallAnother(AsyncQueue<T> queue, T item)
    {
        var wait = FindFree(queue.OwnPut, queue.Binding, Slot) ?? new(null);
        wait.queue = queue;
        wait.Item = item;
        wait.Begin();
        return new(wait, wait.Token);
    }

    public override bool Start(long token) =>
        TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) ? core.SpendBudget() : MustWait(token);

    private bool TryComplete(LoopCore core)
    {
        queue!.Binding.Verify(core, "AsyncQueue.PutAsync");
        return queue.TryHandOver(Item!) || queue.Refuses(core);
    }

    private protected override void Verify(LoopCore running) => queue?.Binding.Verify(running, "AsyncQueue.PutAsync");

    protected override void Enqueue(WaitNode awaiting) => queue!.Putters.Add(awaiting);

    public override AbortResult Abort(WaitNode node, string? reason)
    {
        queue!.Putters.Remove(node);
        return AbortResult.GivenUp;
    }

    protected override void Recycle(LoopCore core)
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            Item = default;
        }

        if (!ReferenceEquals(this, queue!.OwnPut))
        {
            queue = null;
            core.Pools.Return(this, Slot);
        }
    }

    public override string Describe(WaitNode node) => $"{ResourceNames.Label("queue", queue)} (for room)";

    public override WaitKind Kind => WaitKind.Queue;

    public override object? Resource => queue;
}
