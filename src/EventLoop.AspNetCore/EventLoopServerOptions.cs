namespace EventLoop.AspNetCore;

/// <summary>Options for serving an application from event loops.</summary>
/// <remarks>Also read from the configuration, section <c>EventLoop:Server</c>; what code sets takes precedence.</remarks>
public sealed class EventLoopServerOptions
{
    /// <summary>How many loops there are, each with a thread. Default: 1, so that nothing needs a lock. With more, state is shared between threads again,
    /// unless it belongs to a single loop.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than one.</exception>
    public int Loops
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, nameof(Loops));
            field = value;
        }
    }

    = 1;

    /// <summary>How connections get to the loops, where there are several. Default: <see cref="AcceptMode.HandOff"/>; here the first loop accepts, and hands
    /// connections out in turn.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a defined mode.</exception>
    public AcceptMode Accept
    {
        get;
        set => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(Accept), value, $"There is no such {nameof(AcceptMode)}.");
    }

    /// <summary>Whether a client that disconnects cancels the task of its request, whose awaits then throw <see cref="LoopCanceledException"/>. Default:
    /// false; <c>RequestAborted</c> fires in any case.</summary>
    public bool CancelAbandoned { get; set; }

    /// <summary>Whether certificates are chosen and keys exchanged on the thread pool; everything after the handshake is on the loop. Default: true.</summary>
    public bool HandshakeOnPool { get; set; } = true;

    /// <summary>Whether waits for the bodies of requests and responses end on the loop, even for library code that uses <c>ConfigureAwait(false)</c>. Default:
    /// true.</summary>
    public bool BodiesStay { get; set; } = true;

    /// <summary>Options of the loops that the server makes; null: the defaults, with the application's logger, names, and five seconds for what is left when
    /// it stops.</summary>
    public LoopOptions? LoopOptions { get; set; }
}
