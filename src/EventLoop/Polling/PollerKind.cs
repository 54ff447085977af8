using Microsoft.Extensions.Logging;

namespace EventLoop;

/// <summary>What a loop blocks on.</summary>
public enum PollerKind
{
    /// <summary>The best one available on this system.</summary>
    Auto,

    /// <summary>Linux's epoll.</summary>
    Epoll,

    /// <summary>Available everywhere.</summary>
    Portable,
}
