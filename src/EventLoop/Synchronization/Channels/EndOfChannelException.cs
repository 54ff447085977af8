using EventLoop.Synchronization.Channels;

namespace EventLoop;

/// <summary>All senders are disposed and nothing is left to receive. Trio: <c>EndOfChannel</c>.</summary>
public sealed class EndOfChannelException() : InvalidOperationException("All senders of the channel are disposed and it is empty: there is nothing more to receive.");
