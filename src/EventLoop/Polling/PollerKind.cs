using Microsoft.Extensions.Logging;

namespace EventLoop;

/// <summary>What a loop blocks on.</summary>
public enum PollerKind
{
    /// <summary>The best there is here.</summary>
    Auto,

    /// <summary>Linux's epoll.</summary>
    Epoll,

    /// <summary>Everywhere.</summary>
    Portable,
}
