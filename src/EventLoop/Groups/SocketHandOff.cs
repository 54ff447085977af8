using EventLoop.Net;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Groups;

/// <summary>Moves a socket to another loop; nobody has registered it on this one.</summary>
internal static class SocketHandOff
{
    /// <param name="device">It has left its loop.</param>
    /// <param name="to">The loop that it goes to.</param>
    /// <param name="arrived">Called there, in a raw step. Does not throw.</param>
    /// <param name="lost">Called instead, on any thread, if that loop is closed: the socket was reset.</param>
    internal static void Send(SocketDevice device, LoopCore to, Action<LoopSocket> arrived, Action? lost = null) => to.Arrive(new RawStep(
        () => arrived(LoopSocket.Join(to, device)),
        () =>
        {
            device.Close(abort: true);
            lost?.Invoke();
        }));
}
