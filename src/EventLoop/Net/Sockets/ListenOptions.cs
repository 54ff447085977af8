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

    /// <summary>For how long the system keeps a connection to itself until its first bytes are there, so that a handler's first read finds them
    /// (TCP_DEFER_ACCEPT). Null: it is accepted as soon as it stands.</summary>
    /// <remarks>
    /// Where clients speak first (HTTP, TLS) that saves one wake-up for each connection, and those who connect and say nothing cost the server nothing. Where
    /// the server speaks first, leave it. Whole seconds, rounded up; when they are over the system accepts it
    /// all the same, or drops it. Linux, TCP; elsewhere it does nothing.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive, or more than an hour.</exception>
    public TimeSpan? DeferAccept
    {
        get;
        init
        {
            if (value is { } patience)
            {
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(patience, TimeSpan.Zero, nameof(DeferAccept));
                ArgumentOutOfRangeException.ThrowIfGreaterThan(patience, TimeSpan.FromHours(1), nameof(DeferAccept));
            }

            field = value;
        }
    }

    /// <summary>Whether an IPv6 address takes IPv4 connections, too.</summary>
    public bool DualMode { get; init; } = true;
}
