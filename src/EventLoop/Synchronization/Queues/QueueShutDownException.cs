namespace EventLoop;

/// <summary>The queue takes no more items, or has no more to give. asyncio: <c>QueueShutDown</c>.</summary>
/// <param name="message">For people.</param>
public sealed class QueueShutDownException(string? message = null) : InvalidOperationException(message ?? "The queue is shut down.");
