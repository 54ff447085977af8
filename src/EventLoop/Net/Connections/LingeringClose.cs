using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>
/// The orderly end of a TCP connection. A system that meets input which nobody will read, at the close or after it, responds with a reset and drops what it
/// has accepted but not delivered. So unless that is everything, and nothing of the peer's is unread, the sending side ends first, and input is read and
/// dropped until the peer ends its side, or nothing can be lost any more. Loop thread only.
/// </summary>
internal static class LingeringClose
{
    // A peer that is in the middle of sending (a request that was refused) may pause this long.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);
    private const long MostDropped = 16 << 20;

    /// <summary>Returns whether closing at once might lose something; then the sending side has ended.</summary>
    /// <param name="socket">A connected socket.</param>
    /// <param name="isSending">Whether the peer may be in the middle of sending.</param>
    internal static bool IsNeeded(LoopSocket socket, out bool isSending)
    {
        isSending = false;
        var device = socket.Device;
        if (socket.IsClosed || !device.MayLoseAtClose)
        {
            return false;
        }

        long dropped = 0;
        var left = socket.DropInput(ref dropped);
        isSending = dropped > 0;
        if (left == DropOutcome.End || !ReferenceEquals(LoopCore.Running, socket.Core))
        {
            return false;
        }

        if (!isSending && device.Unacknowledged == 0)
        {
            socket.LeaveUnread();
            return false;
        }

        device.ShutdownSend();
        return isSending || HasAll(device) == false;
    }

    // Whether the peer's system has everything, once the sending side has ended: the end counts as one byte, and its acknowledgement may take time.
    private static bool? HasAll(SocketDevice device) => device.Unacknowledged is { } count ? count <= 1 : null;

    /// <summary>Runs where it is needed; the socket is closed when this ends, even if it throws.</summary>
    internal static async Coroutine Run(LoopSocket socket, bool isSending, ClosePatience patience)
    {
        var loop = Loop.Current;
        var quietUntil = isSending ? loop.Time + Quiet : TimeSpan.Zero;
        var pause = FirstLook;
        long dropped = 0;
        try
        {
            while (!socket.IsClosed && !patience.IsOver && dropped < MostDropped)
            {
                long before = dropped;
                var left = socket.DropInput(ref dropped);
                if (left == DropOutcome.End)
                {
                    return;
                }

                if (dropped > before)
                {
                    quietUntil = loop.Time + Quiet;
                    pause = FirstLook;
                }

                if (left == DropOutcome.More)
                {
                    await Loop.Yield();
                    continue;
                }

                if (HasAll(socket.Device) != false && loop.Time >= quietUntil)
                {
                    return;
                }

                await CancelScope.MoveOnAfter(pause, async Coroutine (_) => await socket.WaitReadableAsync());
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }

            GiveUp(socket);
        }
        catch (Exception gone) when (gone is ObjectDisposedException or InvalidOperationException or IOException or System.Net.Sockets.SocketException)
        {
            // Aborted meanwhile, or somebody reads from the socket directly.
        }
        finally
        {
            socket.Close();
        }
    }

    // A peer that takes nothing of what is left: otherwise the system would keep that for minutes.
    private static void GiveUp(LoopSocket socket)
    {
        if (!socket.IsClosed && HasAll(socket.Device) == false)
        {
            socket.Abort();
        }
    }
}
