using EventLoop.Scheduling;

namespace EventLoop.Net.Sockets;

/// <summary>Who waits for one direction of a <see cref="LoopSocket"/>; one at a time. Loop thread only.</summary>
internal abstract class SocketWaiter : LoopItem
{
    /// <summary>The socket may be ready: try again. Answers whether it is done and leaves. Runs no user code.</summary>
    internal abstract bool TryAgain();

    /// <summary>The socket was closed; the waiter has left it already.</summary>
    internal abstract void OnClosed(Exception reason);
}
