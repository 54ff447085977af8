using EventLoop.Synchronization.Channels;

namespace EventLoop;

/// <summary>Nothing is left to receive, and nothing will come: all senders of a channel are disposed, or a mailbox was completed. Trio:
/// <c>EndOfChannel</c>.</summary>
public sealed class EndOfChannelException : InvalidOperationException
{
    /// <summary>Says that all senders are disposed.</summary>
    public EndOfChannelException()
        : base("All senders of the channel are disposed and it is empty: there is nothing more to receive.")
    {
    }

    internal EndOfChannelException(string message)
        : base(message)
    {
    }
}
