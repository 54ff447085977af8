using System.Net;

namespace EventLoop.Net;

/// <summary>Options common to connecting and listening.</summary>
public abstract record SocketOptions
{
    /// <summary>Whether small writes are sent at once instead of being held back for one another (TCP_NODELAY).</summary>
    public bool NoDelay { get; init; } = true;

    /// <summary>Whether the system probes a silent peer.</summary>
    public bool KeepAlive { get; init; }

    /// <summary>How long a peer has to be silent before it is probed; null: the system's default, usually two hours. Turns
    /// <see cref="KeepAlive"/> on; from a second to nine hours.</summary>
    public TimeSpan? KeepAliveTime { get; init; }

    /// <summary>The size of the system's receive buffer; null: chosen by the system.</summary>
    public int? ReceiveBufferSize { get; init; }

    /// <summary>The size of the system's send buffer; null: chosen by the system.</summary>
    public int? SendBufferSize { get; init; }
}
