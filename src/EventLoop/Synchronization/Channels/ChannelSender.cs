using System.Diagnostics;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Synchronization.Channels;

namespace EventLoop;

/// <summary>The half of a <see cref="MemoryChannel"/> that sends. Trio: <c>MemorySendChannel</c>.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
/// <remarks><inheritdoc cref="MemoryChannel" path="/remarks"/></remarks>
[DebuggerDisplay("{DebuggerText,nq}")]
public sealed class ChannelSender<T> : IDisposable, INamed
{
    internal readonly ChannelCore<T> Channel;
    internal readonly ChannelSend<T> OwnSend;       // for one call at a time, the usual case
    internal HalfWaits<ChannelSend<T>> OtherWaits;

    object INamed.Resource => Channel;

    internal ChannelSender(ChannelCore<T> channel)
    {
        Channel = channel;
        OwnSend = new ChannelSend<T>(this);
        channel.AddSender();
    }

    /// <summary>The state of the whole channel at this moment.</summary>
    public ChannelStatistics Statistics => Channel.Statistics;

    internal bool IsDisposed { get; private set; }

    private string DebuggerText => IsDisposed ? "disposed" : Channel.DebuggerText;

    /// <summary>Sends an item, after waiting for a receiver or for room if necessary.</summary>
    /// <param name="item">The item.</param>
    /// <remarks><b>Cancellation:</b> a cancelled sender leaves the line and its item is not sent; one whose item was let in already has succeeded. Nothing is
    /// sent before the await. <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="BrokenChannelException">All receivers are disposed, or were disposed during the wait.</exception>
    /// <exception cref="ObjectDisposedException">This half is disposed, or was disposed during the wait.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before its item was sent.</exception>
    public Coroutine SendAsync(T item)
    {
        var made = ChannelSend<T>.Call(this, item);
        return OperationWatch.IsOn ? OperationWatch.Over(made, "ChannelSender.SendAsync") : made;
    }

    /// <summary>Sends an item if a receiver waits or there is room. Trio: <c>send_nowait</c>.</summary>
    /// <param name="item">The item.</param>
    /// <returns>Whether it was sent.</returns>
    /// <exception cref="BrokenChannelException">All receivers are disposed.</exception>
    /// <exception cref="ObjectDisposedException">This half is disposed.</exception>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public bool TrySend(T item)
    {
        Channel.Binding.Verify("ChannelSender.TrySend");
        if (Channel.RefusalToSend(this) is { } refusal)
        {
            throw refusal;
        }

        return Channel.TrySend(item);
    }

    /// <summary>Makes another sender, which is disposed separately.</summary>
    /// <exception cref="ObjectDisposedException">This half is disposed.</exception>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public ChannelSender<T> Clone()
    {
        Channel.Binding.Verify("ChannelSender.Clone");
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return new(Channel);
    }

    /// <summary>Closes this half; the last one ends the channel for the receivers. Idempotent.</summary>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public void Dispose()
    {
        Channel.Binding.Verify("ChannelSender.Dispose");
        if (!IsDisposed)
        {
            IsDisposed = true;
            Channel.CloseSender(this);
        }
    }
}
