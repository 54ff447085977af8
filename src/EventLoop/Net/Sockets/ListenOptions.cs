using System.Net;

namespace EventLoop.Net;

/// <summary>Options for listening.</summary>
public sealed record ListenOptions : SocketOptions
{
    /// <summary>How many connections may wait to be accepted.</summary>
    public int Backlog { get; init; } = 512;

    /// <summary>The most connections at the same time; further ones wait in the backlog. Null: no limit.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than one.</exception>
    public int? MaxConnections
    {
        get;
        init
        {
            if (value is < 1)
            {
                throw new ArgumentOutOfRangeException(nameof(MaxConnections), value,
                    "A server that may have no connection would never accept one. Null means no limit.");
            }

            field = value;
        }
    }

    /// <summary>Whether several listeners may share one port, over which the system distributes connections (SO_REUSEPORT; Linux).</summary>
    public bool ReusePort { get; init; }

    /// <summary>How long the system withholds a connection until its first bytes have arrived, so that a handler's first read finds them (TCP_DEFER_ACCEPT).
    /// Null: connections are accepted as soon as they are established.</summary>
    /// <remarks>
    /// Where clients speak first (HTTP, TLS) this saves one wake-up for each connection, and clients that connect and say nothing cost the server nothing. Do
    /// not set it where the server speaks first. Whole seconds, rounded up; when they have passed, the system accepts the connection anyway, or drops it.
    /// Linux, TCP; no effect elsewhere.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive, or is more than an hour.</exception>
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

    /// <summary>Whether an IPv6 address also accepts IPv4 connections.</summary>
    public bool DualMode { get; init; } = true;
}
