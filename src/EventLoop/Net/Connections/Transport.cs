using EventLoop.Net.Sockets;
using EventLoop.Polling;

namespace EventLoop.Net.Connections;

/// <summary>
/// What the pipes of a stream stand on: a socket, TLS on one, or a pipe of the system. Every call answers at once, as those of a <see cref="StreamDevice"/> do;
/// after "would block" a waiter is notified when to try again. Loop thread only.
/// </summary>
internal abstract class Transport
{
    /// <summary>Whether what is sent is with the system, or dropped, when the call returns, so that the caller's memory is free again.</summary>
    internal abstract bool SendsDirectly { get; }

    /// <summary>Whether the memory of the last attempt to receive is still in use.</summary>
    internal virtual bool HoldsBuffer { get => false; private protected set { } }

    /// <summary>Whether the memory given to the last attempt to send is still in use.</summary>
    internal virtual bool HoldsOutput => false;

    /// <summary>Whether an attempt may succeed; if not, it would be in vain.</summary>
    internal abstract bool MayReceive { get; }

    /// <summary>Whether hang-ups are told apart from bytes that have arrived, so that a watch can ignore the latter.</summary>
    internal virtual bool ReportsHangUps => false;

    /// <summary>Whether a hang-up was reported, and nothing has disproved it since.</summary>
    internal virtual bool MayBeHungUp => false;

    /// <summary>Makes the next attempt to receive ask the system, whatever was reported.</summary>
    internal virtual void LookAgain()
    {
    }

    internal abstract int TryReceive(Memory<byte> buffer);

    internal abstract int TrySend(ReadOnlyMemory<byte> bytes);

    /// <summary>Sends the filled part of a chain.</summary>
    /// <param name="first">The first segment of the chain.</param>
    /// <param name="start">The offset in the first segment.</param>
    internal abstract int TrySend(BufferSegment first, int start);

    internal abstract Exception? Wait(SocketWaiter waiter, bool reads);

    /// <summary>Has a waiter notified of what arrives from now on, not of what is known already; <see cref="Leave"/> ends that.</summary>
    /// <returns>Whether it is watched now; false where a reader waits, or where this transport cannot be watched.</returns>
    internal virtual bool TryWatch(SocketWaiter waiter) => false;

    internal abstract void Leave(SocketWaiter waiter, bool reads);

    /// <summary>The exception for a negative answer.</summary>
    internal abstract Exception Explain(int error, bool reads);

    internal abstract void ShutdownSend();

    /// <summary>Notes that part of something was sent and the rest will not follow: the peer gets a reset, whoever closes it, even at the loop's
    /// end.</summary>
    internal abstract void Cut();

    // ---- Closing; the pipes no longer use it

    /// <summary>How much of what it has accepted the system has not.</summary>
    internal virtual long Unsent => 0;

    /// <summary>Waits until the system has all of it.</summary>
    internal virtual Coroutine DrainAsync() => Loop.CheckPoint();

    /// <summary>Closes it in order if that takes no time. True: it is closed; false: it does take time, and <see cref="CloseAsync"/> or <see cref="Abort"/>
    /// has to follow.</summary>
    internal abstract bool TryClose();

    /// <summary>Closes it in order; whatever happens, it is closed when this ends, even if it throws.</summary>
    internal abstract Coroutine CloseAsync(ClosePatience patience);

    /// <summary>Closes it with a reset. Does nothing if it is closed.</summary>
    internal abstract void Abort();
}
