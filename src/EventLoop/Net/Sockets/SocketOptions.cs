using System.Net;

namespace EventLoop.Net;

/// <summary>What the two ends of a connection have in common.</summary>
public abstract record SocketOptions
{
    /// <summary>Whether small writes go out at once instead of waiting for one another (TCP_NODELAY).</summary>
    public bool NoDelay { get; init; } = true;

    /// <summary>Whether the system asks a silent peer whether it is still there.</summary>
    public bool KeepAlive { get; init; }

    /// <summary>How long a peer has to be silent for that; null: the system's own time, two hours as a rule.</summary>
    public TimeSpan? KeepAliveTime { get; init; }

    /// <summary>The system's buffer for what was received; null: it sizes it itself.</summary>
    public int? ReceiveBufferSize { get; init; }

    /// <summary>The system's buffer for what is to be sent; null: it sizes it itself.</summary>
    public int? SendBufferSize { get; init; }
}
