namespace EventLoop;

/// <summary>Worker processes cannot be started; the message has the status and the error output of the last one.</summary>
/// <param name="message">The message.</param>
/// <param name="innerException">What the start threw.</param>
public sealed class WorkerStartException(string message, Exception? innerException = null) : InvalidOperationException(message, innerException);
