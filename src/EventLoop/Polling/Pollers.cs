namespace EventLoop.Polling;

/// <summary>Chooses the poller.</summary>
internal static class Pollers
{
    internal static IPoller Create(PollerKind kind) => kind switch
    {
        PollerKind.Auto or PollerKind.Portable => new PortablePoller(),
        PollerKind.Epoll => throw new PlatformNotSupportedException("The epoll poller is not available here. Use PollerKind.Auto or PollerKind.Portable."),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a poller."),
    };
}
