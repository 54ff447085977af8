namespace EventLoop.Scheduling;

/// <summary>How many bytes the sockets of a loop have moved. Written on its thread, read on any.</summary>
internal sealed class IoCounts
{
    internal long Received;
    internal long Sent;
    internal int Open;
}
