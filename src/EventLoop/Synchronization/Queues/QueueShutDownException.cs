namespace EventLoop;

/// <summary>The queue accepts no more items, or has none left. asyncio: <c>QueueShutDown</c>.</summary>
/// <param name="message">A text for people.</param>
public sealed class QueueShutDownException(string? message = null) : InvalidOperationException(message ?? "The queue is shut down.");
