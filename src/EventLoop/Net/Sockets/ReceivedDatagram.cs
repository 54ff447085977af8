using System.Net;
using EventLoop.Net.Sockets;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>A datagram that has come.</summary>
/// <param name="Length">How much of the buffer it fills.</param>
/// <param name="RemoteEndPoint">Who sent it.</param>
/// <param name="IsTruncated">It was longer than the buffer; the rest is lost.</param>
public readonly record struct ReceivedDatagram(int Length, EndPoint RemoteEndPoint, bool IsTruncated);
