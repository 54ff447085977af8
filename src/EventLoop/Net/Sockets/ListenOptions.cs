using System.Net;

namespace EventLoop.Net;

/// <summary>How to listen.</summary>
public sealed record ListenOptions : SocketOptions
{
    /// <summary>How many connections may wait to be accepted.</summary>
    public int Backlog { get; init; } = 512;

    /// <summary>The most connections at once; further ones wait in the backlog. Null: no limit.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>Whether several listeners share one port, and the system spreads connections over them (SO_REUSEPORT; Linux).</summary>
    public bool ReusePort { get; init; }

    /// <summary>Whether an IPv6 address takes IPv4 connections, too.</summary>
    public bool DualMode { get; init; } = true;
}
