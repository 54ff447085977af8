using System.Net;
using System.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>Makes sockets as options want them.</summary>
internal static class Sockets
{
    internal static LoopSocket OpenStream(EndPoint endPoint, SocketOptions options)
    {
        var core = LoopCore.Required;
        var socket = new LoopSocket(core, core.Poller.Open(
            endPoint.AddressFamily,
            SocketType.Stream,
            endPoint.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp));
        try
        {
            Apply(socket.Device, endPoint, options);
            return socket;
        }
        catch
        {
            socket.Close();
            throw;
        }
    }

    internal static LoopSocket Listen(EndPoint endPoint, ListenOptions options)
    {
        var socket = OpenStream(endPoint, options);
        try
        {
            if (endPoint.AddressFamily != AddressFamily.Unix)
            {
                Set(socket.Device, SocketSetting.ReuseAddress, 1);
            }

            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                Set(socket.Device, SocketSetting.IPv6Only, options.DualMode ? 0 : 1);
            }

            if (options.ReusePort)
            {
                Set(socket.Device, SocketSetting.ReusePort, 1);
            }

            socket.Bind(endPoint);
            socket.Listen(options.Backlog);
            return socket;
        }
        catch
        {
            socket.Close();
            throw;
        }
    }

    // Accepted sockets inherit these from their listener.
    private static void Apply(SocketDevice device, EndPoint endPoint, SocketOptions options)
    {
        if (options.ReceiveBufferSize is { } receive)
        {
            Set(device, SocketSetting.ReceiveBuffer, receive);
        }

        if (options.SendBufferSize is { } send)
        {
            Set(device, SocketSetting.SendBuffer, send);
        }

        if (endPoint.AddressFamily == AddressFamily.Unix)
        {
            return;
        }

        if (options.NoDelay)
        {
            Set(device, SocketSetting.NoDelay, 1);
        }

        if (options.KeepAlive)
        {
            Set(device, SocketSetting.KeepAlive, 1);
        }

        if (options.KeepAliveTime is { } time)
        {
            Set(device, SocketSetting.KeepAliveTime, (int)Math.Max(1, time.TotalSeconds));
        }
    }

    private static void Set(SocketDevice device, SocketSetting setting, int value)
    {
        var error = device.Set(setting, value);
        if (error != SocketError.Success)
        {
            throw SocketErrors.Failed($"set {setting} of a socket", null, error);
        }
    }
}
