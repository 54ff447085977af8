using System.Diagnostics.CodeAnalysis;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization;

/// <summary>What the halves of a channel share. Loop thread only.</summary>
internal sealed class ChannelCore<T>(int capacity)
{
    private readonly Queue<T> buffer = new();
    private WaiterQueue senders;         // only while the buffer is full
    private WaiterQueue receivers;       // only while the buffer is empty and no sender waits
    private int openSenders;
    private int openReceivers;

    internal LoopBinding Binding;

    internal ChannelStatistics Statistics
    {
        get
        {
            Binding.Verify("Channel.Statistics");
            return new(buffer.Count, capacity, openSenders, openReceivers, senders.Tasks, receivers.Tasks);
        }
    }

    internal string DebuggerText => $"{buffer.Count} of {capacity} items, {openSenders} senders ({senders.Count} waiting), {openReceivers} receivers ({receivers.Count} waiting)";

    internal bool IsEnded => openSenders == 0 && buffer.Count == 0;

    internal void AddSender() => openSenders++;

    internal void AddReceiver() => openReceivers++;

    internal void CloseSender(ChannelSender<T> half)
    {
        TurnAway(ref senders, half);
        if (--openSenders == 0)
        {
            while (receivers.TakeFirst() is { } receiver)
            {
                receiver.WakeWith(new EndOfChannelException());
            }
        }
    }

    internal void CloseReceiver(ChannelReceiver<T> half)
    {
        TurnAway(ref receivers, half);
        if (--openReceivers == 0)
        {
            buffer.Clear();
            while (senders.TakeFirst() is { } sender)
            {
                sender.WakeWith(new BrokenChannelException());
            }
        }
    }

    /// <summary>Null: go on. Else why nothing can be sent by this half.</summary>
    internal Exception? RefusalToSend(ChannelSender<T> half) =>
        half.IsDisposed ? new ObjectDisposedException(nameof(ChannelSender<>)) : openReceivers == 0 ? new BrokenChannelException() : null;

    /// <summary>Null: go on. Else why nothing can be received by this half.</summary>
    internal Exception? RefusalToReceive(ChannelReceiver<T> half) =>
        half.IsDisposed ? new ObjectDisposedException(nameof(ChannelReceiver<>)) : IsEnded ? new EndOfChannelException() : null;

    internal bool TrySend(T item)
    {
        if (receivers.TakeFirst() is { } receiver)
        {
            ((ReceiveWait<T>)receiver.Target!).Result = item;
            receiver.Wake();
            return true;
        }

        if (buffer.Count >= capacity)
        {
            return false;
        }

        buffer.Enqueue(item);
        return true;
    }

    internal bool TryReceive([MaybeNullWhen(false)] out T item)
    {
        if (!buffer.TryDequeue(out item))
        {
            return TryMeet(out item);
        }

        if (senders.TakeFirst() is { } sender)
        {
            buffer.Enqueue(((SendWait<T>)sender.Target!).Item!);
            sender.Wake();
        }

        return true;
    }

    // The rendezvous: senders wait at an empty buffer only when there is none.
    private bool TryMeet([MaybeNullWhen(false)] out T item)
    {
        if (senders.TakeFirst() is not { } sender)
        {
            item = default;
            return false;
        }

        item = ((SendWait<T>)sender.Target!).Item!;
        sender.Wake();
        return true;
    }

    internal void AddWaitingSender(WaitNode node) => senders.Add(node);

    internal void AddWaitingReceiver(WaitNode node) => receivers.Add(node);

    internal void RemoveSender(WaitNode node) => senders.Remove(node);

    internal void RemoveReceiver(WaitNode node) => receivers.Remove(node);

    // The waits of one half among those of all.
    private static void TurnAway(ref WaiterQueue line, object half)
    {
        var node = line.First;
        while (node is not null)
        {
            var following = (WaitNode?)node.Next;
            if (ReferenceEquals(((IHalfWait)node.Target!).Half, half))
            {
                line.Remove(node);
                node.WakeWith(new ObjectDisposedException(half.GetType().Name, "This half of the channel was disposed while a task waited by it."));
            }

            node = following;
        }
    }
}

/// <summary>By which half of a channel a task waits.</summary>
internal interface IHalfWait
{
    object? Half { get; }
}

/// <summary>One send.</summary>
internal sealed class SendWait<T> : PooledWait, IHalfWait
{
    private static readonly int Slot = ItemPools.NewSlot();

    private ChannelCore<T>? channel;
    private ChannelSender<T>? half;

    internal T? Item { get; private set; }

    object? IHalfWait.Half => half;

    internal static SendWait<T> Rent(ChannelCore<T> channel, ChannelSender<T> half, T item)
    {
        var wait = LoopCore.Running?.Pools.TryRent<SendWait<T>>(Slot) ?? new SendWait<T>();
        wait.channel = channel;
        wait.half = half;
        wait.Item = item;
        return wait;
    }

    public override bool Start(long token) =>
        TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) && core.SpendBudget();

    private bool TryComplete(LoopCore core)
    {
        channel!.Binding.Verify(core, "ChannelSender.SendAsync");
        if (channel.RefusalToSend(half!) is { } refusal)
        {
            core.PendingThrow = refusal;
            return true;
        }

        return channel.TrySend(Item!);
    }

    protected override void Enqueue(WaitNode awaiting) => channel!.AddWaitingSender(awaiting);

    public override AbortResult Abort(WaitNode node, string? reason)
    {
        channel!.RemoveSender(node);
        return AbortResult.GivenUp;
    }

    protected override void Recycle(LoopCore core)
    {
        channel = null;
        half = null;
        Item = default;
        core.Pools.Return(this, Slot);
    }

    public override string Describe(WaitNode node) => "channel (to send)";
}

/// <summary>One receive.</summary>
internal sealed class ReceiveWait<T> : PooledWait<T>, IHalfWait
{
    private static readonly int Slot = ItemPools.NewSlot();

    private ChannelCore<T>? channel;
    private ChannelReceiver<T>? half;

    object? IHalfWait.Half => half;

    internal static ReceiveWait<T> Rent(ChannelCore<T> channel, ChannelReceiver<T> half)
    {
        var wait = LoopCore.Running?.Pools.TryRent<ReceiveWait<T>>(Slot) ?? new ReceiveWait<T>();
        wait.channel = channel;
        wait.half = half;
        return wait;
    }

    public override bool Start(long token) =>
        TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) && core.SpendBudget();

    private bool TryComplete(LoopCore core)
    {
        channel!.Binding.Verify(core, "ChannelReceiver.ReceiveAsync");
        if (!half!.IsDisposed && channel.TryReceive(out Result))
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

    protected override void Enqueue(WaitNode awaiting) => channel!.AddWaitingReceiver(awaiting);

    public override AbortResult Abort(WaitNode node, string? reason)
    {
        channel!.RemoveReceiver(node);
        return AbortResult.GivenUp;
    }

    protected override void Recycle(LoopCore core)
    {
        channel = null;
        half = null;
        Result = default;
        core.Pools.Return(this, Slot);
    }

    public override string Describe(WaitNode node) => "channel (to receive)";
}
