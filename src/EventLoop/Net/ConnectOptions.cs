using System.Net;

namespace EventLoop.Net;

/// <summary>Options for connecting.</summary>
public sealed record ConnectOptions : SocketOptions
{
    /// <summary>The head start of each address over the next one (RFC 8305).</summary>
    public TimeSpan AttemptDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The limit for name resolution and all attempts together; null: as long as the system tries.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The local address; null: whichever the system chooses.</summary>
    public IPEndPoint? LocalEndPoint { get; init; }
}
