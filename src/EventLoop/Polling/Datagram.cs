using System.Net;

namespace EventLoop.Polling;

/// <summary>One datagram of a batch, as the device sends and receives it.</summary>
internal struct Datagram
{
    internal Memory<byte> Bytes;
    internal int Length;
    internal SocketAddress? Address;
    internal bool Truncated;
}
