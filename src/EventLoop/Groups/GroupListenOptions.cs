using EventLoop.Net;

namespace EventLoop;

/// <summary>How a <see cref="LoopGroup"/> listens.</summary>
public sealed record GroupListenOptions
{
    /// <summary>How connections come to the loops. Default: <see cref="AcceptMode.HandOff"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the modes.</exception>
    public AcceptMode Accept
    {
        get;
        init => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(Accept), value, "There is no such AcceptMode.");
    }

    /// <summary>The rest; <see cref="ListenOptions.MaxConnections"/> is of all loops together.</summary>
    /// <exception cref="ArgumentNullException">It is null.</exception>
    public ListenOptions Listen
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(Listen));
            field = value;
        }
    }

    = new();
}
