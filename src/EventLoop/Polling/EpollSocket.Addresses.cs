using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using EventLoop.Native;

namespace EventLoop.Polling;

// Its addresses.
internal sealed unsafe partial class EpollSocket
{
    internal override EndPoint? LocalEndPoint
    {
        get
        {
            var address = local ?? AskLocal();
            return address is null || IsUnbound(address) ? null : Template(family).Create(address);
        }
    }

    private SocketAddress? AskLocal()
    {
        byte* name = stackalloc byte[LongestAddress];
        uint length = LongestAddress;
        return descriptor >= 0 && Libc.LocalName(descriptor, name, &length) == 0 ? ToAddress(name, length) : null;
    }

    // The connections of a listener that is bound to one address have that address; otherwise each has to be asked.
    private SocketAddress? LocalOfAccepted()
    {
        if (local is null && !namesDiffer)
        {
            var own = AskLocal();
            namesDiffer = own is null || Template(family).Create(own) is IPEndPoint { Address: var address }
                && (address.Equals(IPAddress.IPv6Any) || (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).Equals(IPAddress.Any));
            local = namesDiffer ? null : own;
        }

        return local;
    }

    // Port 0.
    private bool IsUnbound(SocketAddress address) => family != AddressFamily.Unix && address.Size >= 4 && address[2] == 0 && address[3] == 0;

    internal override EndPoint? RemoteEndPoint
    {
        get
        {
            peer ??= peerOfIPv4 != 0 ? AcceptedPeer() : AskPeer();
            return peer is null ? null : Template(family).Create(peer);
        }
    }

    private SocketAddress? AcceptedPeer()
    {
        const int Length = 16;
        byte* name = stackalloc byte[Length];
        new Span<byte>(name, Length).Clear();
        Unsafe.WriteUnaligned(name, peerOfIPv4);
        return ToAddress(name, Length);
    }

    private SocketAddress? AskPeer()
    {
        byte* name = stackalloc byte[LongestAddress];
        uint length = LongestAddress;
        return descriptor >= 0 && Libc.PeerName(descriptor, name, &length) == 0 ? ToAddress(name, length) : null;
    }
}
