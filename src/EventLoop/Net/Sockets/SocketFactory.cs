using System.Net;
using System.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net.Sockets;

/// <summary>Opens sockets as options require.</summary>
internal static class SocketFactory
{
    /// <exception cref="SocketException">No socket could be opened; the message says for what.</exception>
    internal static SocketDevice Open(LoopCore core, EndPoint? endPoint, AddressFamily family, SocketType type, ProtocolType protocol)
    {
        try
        {
            return core.Poller.Open(family, type, protocol);
        }
        catch (SocketException failure)
        {
            throw endPoint is null
                ? SocketErrors.Failed("open a socket", failure.SocketErrorCode)
                : SocketErrors.Failed("open a socket for", endPoint, failure.SocketErrorCode);
        }
    }

    internal static LoopSocket OpenStream(EndPoint endPoint, SocketOptions options)
    {
        var core = LoopCore.Required;
        return new LoopSocket(core, OpenStream(core, endPoint, options));
    }

    internal static LoopSocket Listen(EndPoint endPoint, ListenOptions options)
    {
        var core = LoopCore.Required;
        return new LoopSocket(core, OpenListener(core, endPoint, options));
    }

    /// <summary>Opens a listening device that nobody waits for yet.</summary>
    internal static SocketDevice OpenListener(LoopCore core, EndPoint endPoint, ListenOptions options)
    {
        var device = OpenStream(core, endPoint, options);
        try
        {
            if (endPoint.AddressFamily != AddressFamily.Unix)
            {
                Set(device, endPoint, SocketSetting.ReuseAddress, 1);
            }

            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                Set(device, endPoint, SocketSetting.IPv6Only, options.DualMode ? 0 : 1);
            }

            if (options.ReusePort)
            {
                Set(device, endPoint, SocketSetting.ReusePort, 1);
            }

            if (options.DeferAccept is { } patience && OperatingSystem.IsLinux() && endPoint.AddressFamily != AddressFamily.Unix)
            {
                Set(device, endPoint, SocketSetting.DeferAccept, (int)Math.Ceiling(patience.TotalSeconds));
            }

            Check(device.Bind(endPoint), "bind to", endPoint);
            Check(device.Listen(options.Backlog), "listen on", endPoint);
            return device;
        }
        catch
        {
            device.Close(abort: false);
            throw;
        }
    }

    private static SocketDevice OpenStream(LoopCore core, EndPoint endPoint, SocketOptions options)
    {
        var device = Open(
            core,
            endPoint,
            endPoint.AddressFamily,
            SocketType.Stream,
            endPoint.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        try
        {
            Apply(device, endPoint, options);
            return device;
        }
        catch
        {
            device.Close(abort: false);
            throw;
        }
    }

    // Accepted sockets inherit these from their listener.
    private static void Apply(SocketDevice device, EndPoint endPoint, SocketOptions options)
    {
        if (options.ReceiveBufferSize is { } receive)
        {
            Set(device, endPoint, SocketSetting.ReceiveBuffer, receive);
        }

        if (options.SendBufferSize is { } send)
        {
            Set(device, endPoint, SocketSetting.SendBuffer, send);
        }

        if (endPoint.AddressFamily == AddressFamily.Unix)
        {
            return;
        }

        if (options.NoDelay)
        {
            Set(device, endPoint, SocketSetting.NoDelay, 1);
        }

        if (options.KeepAlive || options.KeepAliveTime is not null)
        {
            Set(device, endPoint, SocketSetting.KeepAlive, 1);
        }

        if (options.KeepAliveTime is { } time)
        {
            Set(device, endPoint, SocketSetting.KeepAliveTime, (int)Math.Clamp(time.TotalSeconds, 1, short.MaxValue));
        }
    }

    private static void Set(SocketDevice device, EndPoint endPoint, SocketSetting setting, int value)
    {
        var error = device.Set(setting, value);
        if (error != SocketError.Success)
        {
            throw SocketErrors.Failed($"set {setting} of the socket for", endPoint, error);
        }
    }

    private static void Check(SocketError error, string what, EndPoint with)
    {
        if (error != SocketError.Success)
        {
            throw SocketErrors.Failed(what, with, error);
        }
    }
}
