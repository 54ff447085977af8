using System.Net;
using EventLoop.Net.Sockets;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>One datagram of a batch that is sent or received by one call.</summary>
public struct DatagramMessage
{
    /// <summary>Where it is, or is to be put.</summary>
    public Memory<byte> Buffer { get; set; }

    /// <summary>How much of the buffer it fills; set by a receive.</summary>
    public int Length { get; set; }

    /// <summary>Who sent it, or whom to send it to; null on a connected socket.</summary>
    public EndPoint? RemoteEndPoint { get; set; }

    /// <summary>Whether it was longer than the buffer; set by a receive.</summary>
    public bool IsTruncated { get; set; }
}
