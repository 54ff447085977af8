namespace EventLoop;

/// <summary>How the connections of a <see cref="GroupServer"/> come to the loops.</summary>
public enum AcceptMode
{
    /// <summary>The loop of Run accepts and hands each connection to the least loaded loop: even, also with few long connections.</summary>
    HandOff,

    /// <summary>A listener for each loop, and the system spreads by the addresses (SO_REUSEPORT; Linux): for
    /// tens of thousands of short connections a second. TCP only.</summary>
    ReusePort,
}
