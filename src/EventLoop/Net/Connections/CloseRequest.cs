using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>Another thread's request to close a connection, and its wait until that is closed.</summary>
/// <param name="connection">The connection.</param>
/// <param name="begin">How the close begins; it runs on the loop.</param>
internal sealed class CloseRequest(Connection connection, Action begin) : LoopItem
{
    private readonly TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task Closed => closed.Task;

    internal override void Execute()
    {
        begin();
        connection.Socket.WhenClosed(() => closed.TrySetResult());
    }

    internal override void OnRejected(LoopCore core) => closed.TrySetResult();
}
