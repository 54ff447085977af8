namespace EventLoop.Scheduling;

/// <summary>What the sockets of a loop have moved. Written on its thread, read by any.</summary>
internal sealed class IoCounts
{
    internal long Received;
    internal long Sent;
    internal int Open;
}
