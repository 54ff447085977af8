using System.Net;
using EventLoop.Net.Sockets;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>A datagram that was received.</summary>
/// <param name="Length">How many bytes of the buffer it fills.</param>
/// <param name="RemoteEndPoint">Who sent it.</param>
/// <param name="IsTruncated">Whether it was longer than the buffer, so that the rest is lost.</param>
public readonly record struct ReceivedDatagram(int Length, EndPoint RemoteEndPoint, bool IsTruncated);
