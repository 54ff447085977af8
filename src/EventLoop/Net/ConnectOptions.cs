using System.Net;

namespace EventLoop.Net;

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
