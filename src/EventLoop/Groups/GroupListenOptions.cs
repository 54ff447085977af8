using EventLoop.Net;

namespace EventLoop;

/// <summary>How a <see cref="LoopGroup"/> listens.</summary>
public sealed record GroupListenOptions
{
    /// <summary>How connections get to the loops. Default: <see cref="AcceptMode.HandOff"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a defined mode.</exception>
    public AcceptMode Accept
    {
        get;
        init => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(Accept), value, "There is no such AcceptMode.");
    }

    /// <summary>The other options; <see cref="ListenOptions.MaxConnections"/> is for all loops together.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
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
