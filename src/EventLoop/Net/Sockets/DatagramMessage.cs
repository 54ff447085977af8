using System.Net;
using EventLoop.Net.Sockets;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>One datagram of a batch that is sent or received with one call.</summary>
public struct DatagramMessage
{
    /// <summary>The memory that holds the datagram, or receives it.</summary>
    public Memory<byte> Buffer { get; set; }

    /// <summary>How many bytes of the buffer it fills; set by a receive.</summary>
    public int Length { get; set; }

    /// <summary>The sender, or the destination; null on a connected socket.</summary>
    public EndPoint? RemoteEndPoint { get; set; }

    /// <summary>Whether it was longer than the buffer; set by a receive.</summary>
    public bool IsTruncated { get; set; }
}
