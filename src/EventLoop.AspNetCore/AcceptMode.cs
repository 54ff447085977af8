namespace EventLoop.AspNetCore;

/// <summary>How connections come to the loops, where there are several.</summary>
public enum AcceptMode
{
    /// <summary>The first loop accepts, and hands connections out in turn: each loop gets as many as the others.</summary>
    HandOff,

    /// <summary>Each loop listens on the same port, and the system spreads connections over them (SO_REUSEPORT; Linux). Accepting costs no hop; the spread is by chance.</summary>
    ReusePort,
}
