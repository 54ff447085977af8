namespace EventLoop;

/// <summary>An exception of work in another process whose type cannot be made here; the message is the original's.</summary>
/// <param name="message">The message.</param>
public sealed class WorkerTaskException(string message) : Exception(message)
{
    internal WorkerTaskException(string message, string exceptionType)
        : this(message) => ExceptionType = exceptionType;

    /// <summary>The full name of its type.</summary>
    public string ExceptionType { get; } = typeof(Exception).FullName!;
}
