using EventLoop.Synchronization.Channels;

namespace EventLoop;

/// <summary>All receivers are disposed. Trio: <c>BrokenResourceError</c>.</summary>
public sealed class BrokenChannelException() : InvalidOperationException("All receivers of the channel are disposed: nobody will take what is sent.");
