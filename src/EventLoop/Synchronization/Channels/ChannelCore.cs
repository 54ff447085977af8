using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using EventLoop.Scheduling;
using EventLoop.Synchronization.Queues;

namespace EventLoop.Synchronization.Channels;

/// <summary>What the halves of a channel share. Loop thread only.</summary>
[StackTraceHidden]
internal sealed class ChannelCore<T>(int capacity) : ICounted
{
    internal CountedWaiters Senders;         // nonempty only while the buffer is full
    internal CountedWaiters Receivers;       // nonempty only while the buffer is empty and no sender waits
    internal LoopBinding Binding;

    private ItemRing<T> buffer;
    private int peak;
    private int openSenders;
    private int openReceivers;

    internal ChannelStatistics Statistics
    {
        get
        {
            Binding.Verify("Channel.Statistics");
            return new(buffer.Count, capacity, openSenders, openReceivers, Senders.Tasks, Receivers.Tasks)
            {
                PeakCount = peak,
                PeakSenders = Senders.Peak,
                PeakReceivers = Receivers.Peak,
            };
        }
    }

    Diagnostics.WaitKind ICounted.Kind => Diagnostics.WaitKind.Channel;

    LoopCore? ICounted.UsedBy => Binding.Home;

    ResourceFigures ICounted.Figures =>
        new(buffer.Count, capacity == int.MaxValue ? null : capacity, peak, Senders.Count + Receivers.Count, Math.Max(Senders.Peak, Receivers.Peak));

    internal string DebuggerText =>
        $"{buffer.Count} of {capacity} items, {openSenders} senders ({Senders.Count} waiting), {openReceivers} receivers ({Receivers.Count} waiting)";

    internal bool IsEnded => openSenders == 0 && buffer.Count == 0;

    internal void AddSender() => openSenders++;

    internal void AddReceiver() => openReceivers++;

    internal void CloseSender(ChannelSender<T> half)
    {
        half.OwnSend.TurnAway(nameof(ChannelSender<>));
        half.OtherWaits.TurnAway(nameof(ChannelSender<>));
        if (--openSenders == 0)
        {
            while (Receivers.TakeFirst() is { } receiver)
            {
                receiver.WakeWith(new EndOfChannelException());
            }
        }
    }

    internal void CloseReceiver(ChannelReceiver<T> half)
    {
        half.OwnReceive.TurnAway(nameof(ChannelReceiver<>));
        half.OtherWaits.TurnAway(nameof(ChannelReceiver<>));
        if (--openReceivers == 0)
        {
            buffer.Clear();
            while (Senders.TakeFirst() is { } sender)
            {
                sender.WakeWith(new BrokenChannelException());
            }
        }
    }

    /// <summary>Why nothing can be sent by this half; null if something can.</summary>
    internal Exception? RefusalToSend(ChannelSender<T> half) =>
        half.IsDisposed ? new ObjectDisposedException(nameof(ChannelSender<>)) : openReceivers == 0 ? new BrokenChannelException() : null;

    /// <summary>Why nothing can be received by this half; null if something can.</summary>
    internal Exception? RefusalToReceive(ChannelReceiver<T> half) =>
        half.IsDisposed ? new ObjectDisposedException(nameof(ChannelReceiver<>)) : IsEnded ? new EndOfChannelException() : null;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TrySend(T item)
    {
        if (!Receivers.IsEmpty)
        {
            GiveToReceiver(item);
            return true;
        }

        if (buffer.Count >= capacity)
        {
            return false;
        }

        buffer.Add(item);
        if (buffer.Count > peak)
        {
            peak = buffer.Count;
        }

        AssertInvariants();
        return true;
    }

    private void GiveToReceiver(T item)
    {
        var receiver = Receivers.TakeFirst()!;
        Unsafe.As<ChannelReceive<T>>(receiver.Target!).Result = item;
        receiver.Wake();
        AssertInvariants();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryReceive([MaybeNullWhen(false)] out T item)
    {
        if (!buffer.TryTake(out item))
        {
            return TryMeet(out item);
        }

        if (!Senders.IsEmpty)
        {
            TakeFromSender();
        }

        return true;
    }

    private void TakeFromSender()
    {
        var sender = Senders.TakeFirst()!;
        buffer.Add(Unsafe.As<ChannelSend<T>>(sender.Target!).Item!);
        sender.Wake();
        AssertInvariants();
    }

    // The rendezvous: senders wait at an empty buffer only if the capacity is zero.
    private bool TryMeet([MaybeNullWhen(false)] out T item)
    {
        if (Senders.TakeFirst() is not { } sender)
        {
            item = default;
            return false;
        }

        item = Unsafe.As<ChannelSend<T>>(sender.Target!).Item!;
        sender.Wake();
        return true;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(Receivers.IsEmpty || (buffer.Count == 0 && Senders.IsEmpty), "Who receives waits only while there is nothing to have.");
        Debug.Assert(Senders.IsEmpty || buffer.Count >= capacity, "Who sends waits only while there is no room.");
        Debug.Assert(buffer.Count <= capacity, "There is no more than there is room for.");
        Debug.Assert(openSenders >= 0 && openReceivers >= 0, "A half is closed once.");
    }
}
