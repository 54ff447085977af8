namespace EventLoop;

/// <summary>How the connections of a <see cref="GroupServer"/> get to the loops.</summary>
public enum AcceptMode
{
    /// <summary>The loop of Run accepts and hands each connection to the least loaded loop: an even distribution, even with few long connections.</summary>
    HandOff,

    /// <summary>Each loop has a listener, and the system distributes connections by their addresses (SO_REUSEPORT; Linux): for tens of thousands of short
    /// connections a second. TCP only.</summary>
    ReusePort,
}
