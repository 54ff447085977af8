using System.Net;
using System.Net.Sockets;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>UDP. asyncio: <c>create_datagram_endpoint</c>.</summary>
public static class Udp
{
    /// <summary>Makes a socket that receives at an address and sends to any.</summary>
    /// <param name="endPoint">Port 0 takes a free one.</param>
    /// <returns>The socket, which the caller disposes.</returns>
    /// <exception cref="SocketException">The address is in use, or is not this machine's.</exception>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static DatagramSocket Bind(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        return Make(endPoint, socket =>
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                _ = socket.Device.Set(SocketSetting.IPv6Only, 0);
            }

            socket.Bind(endPoint);
        });
    }

    /// <summary>Makes a socket with a single peer, from which alone it receives.</summary>
    /// <param name="endPoint">The peer.</param>
    /// <returns>The socket, which the caller disposes.</returns>
    /// <exception cref="SocketException">That address cannot be reached.</exception>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static DatagramSocket Connect(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        return Make(endPoint, socket =>
        {
            var error = socket.BeginConnect(endPoint);        // never waits: it only records the address
            if (error != SocketError.Success)
            {
                throw SocketErrors.Failed("connect to", endPoint, error);
            }
        });
    }

    private static DatagramSocket Make(IPEndPoint endPoint, Action<LoopSocket> prepare)
    {
        var core = LoopCore.Required;
        var socket = new LoopSocket(core, SocketFactory.Open(core, endPoint, endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        try
        {
            _ = socket.Device.Set(SocketSetting.Broadcast, 1);
            prepare(socket);
            return new DatagramSocket(socket, endPoint.AddressFamily);
        }
        catch
        {
            socket.Close();
            throw;
        }
    }
}
