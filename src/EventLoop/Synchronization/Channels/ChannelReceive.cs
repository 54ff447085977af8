using System.Runtime.CompilerServices;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization.Channels;

/// <summary>One receive by one half of a channel.</summary>
[StackTraceHidden]
internal sealed class ChannelReceive<T> : PooledWait<T>, IListNode<ChannelReceive<T>>
{
    private static readonly int Slot = ItemPools.NewSlot();

    private ChannelReceiver<T>? half;

    /// <param name="owner">The half that keeps it for itself; null: it is rented.</param>
    internal ChannelReceive(ChannelReceiver<T>? owner) => half = owner;

    ChannelReceive<T>? IListNode<ChannelReceive<T>>.Previous { get; set; }

    ChannelReceive<T>? IListNode<ChannelReceive<T>>.Following { get; set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Coroutine<T> Call(ChannelReceiver<T> half)
    {
        var own = half.OwnReceive;
        return own.TryClaim(out long token) ? new(own, token) : CallAnother(half);
    }

    private static Coroutine<T> CallAnother(ChannelReceiver<T> half)
    {
        var wait = Rent(half);
        return new(wait, wait.Token);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static ChannelReceive<T> Rent(ChannelReceiver<T> half)
    {
        var wait = FindFree(half.OwnReceive, half.Channel.Binding, Slot) ?? new(null);
        wait.half = half;
        wait.Begin();
        return wait;
    }

    public override bool Start(long token) =>
        TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) ? core.SpendBudget() : MustWait(token);

    private bool TryComplete(LoopCore core)
    {
        var channel = half!.Channel;
        channel.Binding.Verify(core, "ChannelReceiver.ReceiveAsync");
        if (!half.IsDisposed && channel.TryReceive(out Result))
        {
            return true;
        }

        if (channel.RefusalToReceive(half) is not { } refusal)
        {
            return false;
        }

        core.PendingThrow = refusal;
        return true;
    }

    private protected override void Verify(LoopCore running) => half?.Channel.Binding.Verify(running, "ChannelReceiver.ReceiveAsync");

    protected override void Enqueue(WaitNode awaiting)
    {
        half!.Channel.Receivers.Add(awaiting);
        if (!ReferenceEquals(this, half.OwnReceive))
        {
            half.OtherWaits.Add(this);
        }
    }

    public override AbortResult Abort(WaitNode node, string? reason)
    {
        half!.Channel.Receivers.Remove(node);
        return AbortResult.GivenUp;
    }

    protected override void Recycle(LoopCore core)
    {
        ForgetResult();
        if (!ReferenceEquals(this, half!.OwnReceive))
        {
            half.OtherWaits.Remove(this);
            half = null;
            core.Pools.Return(this, Slot);
        }
    }

    public override string Describe(WaitNode node) => $"{ResourceNames.Label("channel", half?.Channel)} (to receive)";

    public override WaitKind Kind => WaitKind.Channel;

    public override object? Resource => half?.Channel;
}
