using EventLoop.Scheduling;

namespace EventLoop.Net.Sockets;

/// <summary>A waiter for one direction of a <see cref="LoopSocket"/>; one at a time. Loop thread only.</summary>
internal abstract class SocketWaiter : LoopItem
{
    /// <summary>Tries again because the socket may be ready. Returns whether it is done and leaves. Runs no user code.</summary>
    internal abstract bool TryAgain();

    /// <summary>Called when the socket was closed; the waiter has left it already.</summary>
    internal abstract void OnClosed(Exception reason);
}
