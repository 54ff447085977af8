using System.Net.Sockets;

namespace EventLoop.Polling;

/// <summary>Chooses the poller.</summary>
internal static class Pollers
{
    internal static IPoller Create(PollerKind kind) => kind switch
    {
        PollerKind.Auto => OperatingSystem.IsLinux() && EpollPoller.TryCreate() is { } poller ? poller : new PortablePoller(),
        PollerKind.Portable => new PortablePoller(),
        PollerKind.Epoll => OperatingSystem.IsLinux()
            ? EpollPoller.Create()
            : throw new PlatformNotSupportedException("The epoll poller exists on Linux only. Use PollerKind.Auto or PollerKind.Portable."),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a poller."),
    };
}
