using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using EventLoop.Polling;

namespace EventLoop.Net.Sockets;

/// <summary>
/// The addresses of a datagram socket: as the system writes them, and as objects. They are written into the same memory each time, and the end points of
/// recent senders are kept, so that neither direction allocates in the steady state. Loop thread only; nothing is held from one attempt to the next.
/// </summary>
internal sealed class DatagramAddresses(AddressFamily family)
{
    internal const int MostInBatch = 32;

    private const int LongestAddress = 128;
    private const int FewestKept = 4, MostKept = 1024;         // powers of two

    // Where the address is in a sockaddr, which is the same everywhere. The port precedes it, the scope of IPv6 follows it.
    private const int PortAt = 2, Address4At = 4, Address6At = 8, ScopeAt = 24, MappedAt = Address6At + 12;

    private static readonly IPEndPoint Any4 = new(IPAddress.Any, 0), Any6 = new(IPAddress.IPv6Any, 0);
    private static readonly SocketAddress Template4 = Any4.Serialize(), Template6 = Any6.Serialize();

    private SocketAddress?[] rooms = new SocketAddress?[1];
    private Datagram[]? batch;
    private Known[] known = new Known[FewestKept];

    // A user may change an end point that was returned; then it is not returned again.
    private readonly record struct Known(SocketAddress Address, IPEndPoint EndPoint, IPAddress Host, int Port)
    {
        internal bool IsIntact => EndPoint.Port == Port && ReferenceEquals(EndPoint.Address, Host);
    }

    /// <summary>Room for one attempt; the caller clears it.</summary>
    internal Span<Datagram> Batch(int most) => (batch ??= new Datagram[MostInBatch]).AsSpan(0, Math.Min(most, MostInBatch));

    /// <summary>Room for the system to write an address; each place of a batch has its own.</summary>
    internal SocketAddress Room(int place = 0)
    {
        if (place >= rooms.Length)
        {
            Array.Resize(ref rooms, MostInBatch);
        }

        var room = rooms[place] ??= new SocketAddress(family, LongestAddress);
        room.Size = LongestAddress;
        return room;
    }

    internal SocketAddress ToSocketAddress(EndPoint endPoint, int place = 0) =>
        endPoint is IPEndPoint ip ? Write(ip, Room(place)) : throw NotAnAddress(endPoint);

    internal static ArgumentException NotAnAddress(EndPoint endPoint) => new(
        $"A datagram cannot be sent to {endPoint}: names are not resolved here. Resolve it with Dns.GetHostAddressesAsync, and pass an IPEndPoint.");

    internal EndPoint ToEndPoint(SocketAddress address)
    {
        // SocketAddress compares and hashes all of its memory, not only what is written.
        var bytes = address.Buffer.Span[..address.Size];
        var hash = new HashCode();
        hash.AddBytes(bytes);
        int code = hash.ToHashCode();
        ref var entry = ref known[code & (known.Length - 1)];
        if (entry.Address is not { } same || !bytes.SequenceEqual(same.Buffer.Span) || !entry.IsIntact)
        {
            if (entry.Address is not null && known.Length < MostKept)
            {
                known = new Known[2 * known.Length];        // two addresses want one place; active senders come back
                entry = ref known[code & (known.Length - 1)];
            }

            var copy = new SocketAddress(family, Math.Max(bytes.Length, 2));
            bytes.CopyTo(copy.Buffer.Span);
            var endPoint = (IPEndPoint)(family == AddressFamily.InterNetworkV6 ? Any6 : Any4).Create(copy);
            entry = new Known(copy, endPoint, endPoint.Address, endPoint.Port);
        }

        return entry.EndPoint;
    }

    // What IPEndPoint.Serialize would produce.
    private SocketAddress Write(IPEndPoint endPoint, SocketAddress into)
    {
        bool isWide = family == AddressFamily.InterNetworkV6;
        bool fits = endPoint.AddressFamily == family;
        if (!fits && !isWide)
        {
            throw new SocketException((int)SocketError.AddressFamilyNotSupported, $"send to {endPoint} failed: this socket is for IPv4 addresses");
        }

        var template = isWide ? Template6 : Template4;
        var bytes = into.Buffer.Span;
        template.Buffer.Span[..template.Size].CopyTo(bytes);
        into.Size = template.Size;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[PortAt..], (ushort)endPoint.Port);
        if (fits)
        {
            endPoint.Address.TryWriteBytes(bytes[(isWide ? Address6At : Address4At)..], out _);
            if (isWide)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes[ScopeAt..], (uint)endPoint.Address.ScopeId);
            }
        }
        else
        {
            bytes[MappedAt - 2] = bytes[MappedAt - 1] = 0xFF;        // an IPv4 address in an IPv6 one
            endPoint.Address.TryWriteBytes(bytes[MappedAt..], out _);
        }

        return into;
    }
}
