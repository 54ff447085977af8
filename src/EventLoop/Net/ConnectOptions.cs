using System.Net;

namespace EventLoop.Net;

/// <summary>What the two ends of a connection have in common.</summary>
public abstract record SocketOptions
{
    /// <summary>Small writes go out at once instead of waiting for one another (TCP_NODELAY).</summary>
    public bool NoDelay { get; init; } = true;

    /// <summary>The system asks a silent peer whether it is still there.</summary>
    public bool KeepAlive { get; init; }

    /// <summary>How long a peer has to be silent for that; null: the system's own time, two hours as a rule.</summary>
    public TimeSpan? KeepAliveTime { get; init; }

    /// <summary>The system's buffer for what was received; null: it sizes it itself.</summary>
    public int? ReceiveBufferSize { get; init; }

    /// <summary>The system's buffer for what is to be sent; null: it sizes it itself.</summary>
    public int? SendBufferSize { get; init; }
}

/// <summary>How to connect.</summary>
public sealed record ConnectOptions : SocketOptions
{
    /// <summary>The head start of one address over the next (RFC 8305).</summary>
    public TimeSpan AttemptDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>For name resolution and all attempts together; null: as long as the system tries.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>This side's address; null: whichever the system chooses.</summary>
    public IPEndPoint? LocalEndPoint { get; init; }
}

/// <summary>How to listen.</summary>
public sealed record ListenOptions : SocketOptions
{
    /// <summary>How many connections may wait to be accepted.</summary>
    public int Backlog { get; init; } = 512;

    /// <summary>The most connections at once; further ones wait in the backlog. Null: no limit.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>Several listeners share one port, and the system spreads connections over them (SO_REUSEPORT; Linux).</summary>
    public bool ReusePort { get; init; }

    /// <summary>An IPv6 address takes IPv4 connections, too.</summary>
    public bool DualMode { get; init; } = true;
}
