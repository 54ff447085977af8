using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Synchronization;
using EventLoop.Synchronization.Channels;
using EventLoop.Synchronization.Queues;

namespace EventLoop;

/// <summary>The half of a <see cref="MemoryChannel"/> that receives. Trio: <c>MemoryReceiveChannel</c>.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
/// <remarks><inheritdoc cref="MemoryChannel" path="/remarks"/></remarks>
[DebuggerDisplay("{DebuggerText,nq}")]
public sealed class ChannelReceiver<T> : IDisposable, IAsyncEnumerable<T>, INamed
{
    internal readonly ChannelCore<T> Channel;
    internal readonly ChannelReceive<T> OwnReceive;       // for one call at a time, the usual case
    internal HalfWaits<ChannelReceive<T>> OtherWaits;

    object INamed.Resource => Channel;

    internal ChannelReceiver(ChannelCore<T> channel)
    {
        Channel = channel;
        OwnReceive = new ChannelReceive<T>(this);
        channel.AddReceiver();
    }

    /// <summary>The state of the whole channel at this moment.</summary>
    public ChannelStatistics Statistics => Channel.Statistics;

    internal bool IsDisposed { get; private set; }

    private string DebuggerText => IsDisposed ? "disposed" : Channel.DebuggerText;

    /// <summary>Waits for an item.</summary>
    /// <returns>The next item.</returns>
    /// <remarks><b>Cancellation:</b> a cancelled receiver leaves the line; an item that it was given already is delivered. Nothing is taken before the await.
    /// <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="EndOfChannelException">All senders are disposed and nothing is left.</exception>
    /// <exception cref="ObjectDisposedException">This half is disposed, or was disposed during the wait.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before it had an item.</exception>
    public Coroutine<T> ReceiveAsync()
    {
        var made = ChannelReceive<T>.Call(this);
        return OperationWatch.IsOn ? OperationWatch.Over(made, "ChannelReceiver.ReceiveAsync") : made;
    }

    /// <summary>Takes an item if there is one. Trio: <c>receive_nowait</c>.</summary>
    /// <param name="item">The next item.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="EndOfChannelException">All senders are disposed and nothing is left.</exception>
    /// <exception cref="ObjectDisposedException">This half is disposed.</exception>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public bool TryReceive([MaybeNullWhen(false)] out T item)
    {
        Channel.Binding.Verify("ChannelReceiver.TryReceive");
        if (Channel.RefusalToReceive(this) is { } refusal)
        {
            throw refusal;
        }

        return Channel.TryReceive(out item);
    }

    /// <summary>Makes another receiver, which is disposed separately. Each item goes to one of them.</summary>
    /// <exception cref="ObjectDisposedException">This half is disposed.</exception>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public ChannelReceiver<T> Clone()
    {
        Channel.Binding.Verify("ChannelReceiver.Clone");
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return new(Channel);
    }

    /// <summary>Closes this half; the last one drops what is left and breaks the channel for the senders. Idempotent.</summary>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public void Dispose()
    {
        Channel.Binding.Verify("ChannelReceiver.Dispose");
        if (!IsDisposed)
        {
            IsDisposed = true;
            Channel.CloseReceiver(this);
        }
    }

    /// <summary>Receives items until the channel ends. Leaving the loop early leaves this half open.</summary>
    /// <param name="cancellationToken">Ends the enumeration, even while it waits, with an <see cref="OperationCanceledException"/>.</param>
    /// <remarks><b>Cancellation:</b> as for <see cref="ReceiveAsync"/>. <b>Cost:</b> one object for each enumeration, 0 bytes for each item.</remarks>
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) => new ChannelDrain(this, cancellationToken);

    private sealed class ChannelDrain(ChannelReceiver<T> receiver, CancellationToken token) : ItemEnumerator<T>(token)
    {
        protected override PooledWait<T> Take() => receiver.OwnReceive.TryClaim(out _) ? receiver.OwnReceive : ChannelReceive<T>.Rent(receiver);

        protected override bool IsOver => !receiver.IsDisposed && receiver.Channel.IsEnded;

        protected override bool IsEnd(Exception exception) => exception is EndOfChannelException;
    }
}
