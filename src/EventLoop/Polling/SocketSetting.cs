namespace EventLoop.Polling;

/// <summary>The options that <c>Net</c> sets, under one name for all pollers.</summary>
internal enum SocketSetting
{
    NoDelay,
    KeepAlive,
    KeepAliveTime,
    KeepAliveInterval,
    KeepAliveCount,
    ReceiveBuffer,
    SendBuffer,
    ReuseAddress,
    ReusePort,
    DeferAccept,
    IPv6Only,
    Broadcast,
}
