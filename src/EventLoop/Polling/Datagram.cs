using System.Net;

namespace EventLoop.Polling;

/// <summary>One datagram of a batch.</summary>
internal struct Datagram
{
    internal Memory<byte> Bytes;
    internal int Length;
    internal SocketAddress? Address;
    internal bool Truncated;
}
