using System.Runtime.CompilerServices;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization.Channels;

/// <summary>One send by one half of a channel.</summary>
[StackTraceHidden]
internal sealed class ChannelSend<T> : PooledWait, IListNode<ChannelSend<T>>
{
    private static readonly int Slot = ItemPools.NewSlot();

    private ChannelSender<T>? half;

    /// <param name="owner">The half that keeps it for itself; null: it is rented.</param>
    internal ChannelSend(ChannelSender<T>? owner) => half = owner;

    internal T? Item { get; private set; }

    ChannelSend<T>? IListNode<ChannelSend<T>>.Previous { get; set; }

    ChannelSend<T>? IListNode<ChannelSend<T>>.Following { get; set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Coroutine Call(ChannelSender<T> half, T item)
    {
        var own = half.OwnSend;
        if (own.TryClaim(out long token))
        {
            own.Item = item;
            return new(own, token);
        }

        return CallAnother(half, item);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Coroutine CallAnother(ChannelSender<T> half, T item)
    {
        var wait = FindFree(half.OwnSend, half.Channel.Binding, Slot) ?? new(null);
        wait.half = half;
        wait.Item = item;
        wait.Begin();
        return new(wait, wait.Token);
    }

    public override bool Start(long token) =>
        TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) ? core.SpendBudget() : MustWait(token);

    private bool TryComplete(LoopCore core)
    {
        var channel = half!.Channel;
        channel.Binding.Verify(core, "ChannelSender.SendAsync");
        if (channel.RefusalToSend(half) is { } refusal)
        {
            core.PendingThrow = refusal;
            return true;
        }

        return channel.TrySend(Item!);
    }

    private protected override void Verify(LoopCore running) => half?.Channel.Binding.Verify(running, "ChannelSender.SendAsync");

    protected override void Enqueue(WaitNode awaiting)
    {
        half!.Channel.Senders.Add(awaiting);
        if (!ReferenceEquals(this, half.OwnSend))
        {
            half.OtherWaits.Add(this);
        }
    }

    public override AbortResult Abort(WaitNode node, string? reason)
    {
        half!.Channel.Senders.Remove(node);
        return AbortResult.GivenUp;
    }

    protected override void Recycle(LoopCore core)
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            Item = default;
        }

        if (!ReferenceEquals(this, half!.OwnSend))
        {
            half.OtherWaits.Remove(this);
            half = null;
            core.Pools.Return(this, Slot);
        }
    }

    public override string Describe(WaitNode node) => $"{ResourceNames.Label("channel", half?.Channel)} (to send)";

    public override WaitKind Kind => WaitKind.Channel;

    public override object? Resource => half?.Channel;
}
