using EventLoop.Synchronization.Channels;

namespace EventLoop;

/// <summary>Nobody will receive what is sent: all receivers of a channel are disposed, or a mailbox was completed or disposed, or its loop closed. Trio:
/// <c>BrokenResourceError</c>.</summary>
public sealed class BrokenChannelException : InvalidOperationException
{
    /// <summary>Says that all receivers are disposed.</summary>
    public BrokenChannelException()
        : base("All receivers of the channel are disposed: nobody will take what is sent.")
    {
    }

    internal BrokenChannelException(string message)
        : base(message)
    {
    }
}
