using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>Another thread's request to close a connection, and its wait until that is closed.</summary>
internal sealed class CloseRequest(Connection connection) : LoopItem
{
    private readonly TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task Closed => closed.Task;

    internal override void Execute()
    {
        _ = connection.DisposeAsync();
        connection.Socket.WhenClosed(() => closed.TrySetResult());
    }

    internal override void OnRejected(LoopCore core) => closed.TrySetResult();
}
