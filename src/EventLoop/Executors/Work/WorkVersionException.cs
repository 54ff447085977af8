namespace EventLoop.Executors.Work;

/// <summary>A process was sent a function that it does not have, or has in another version. The message names both.</summary>
internal sealed class WorkVersionException(string message, Exception? innerException) : InvalidOperationException(message, innerException);
