using System.Runtime.InteropServices;

namespace EventLoop;

/// <summary>The cancellation of a loop task or scope. asyncio: <c>CancelledError</c>.</summary>
public class LoopCanceledException : OperationCanceledException
{
    /// <summary>Makes the exception. User code may throw one, too; what it ends is canceled.</summary>
    /// <param name="reason">The reason that was passed to Cancel.</param>
    /// <param name="innerException">The foreign cancellation behind it, if any.</param>
    public LoopCanceledException(string? reason = null, Exception? innerException = null)
        : this(reason, innerException, default)
    {
    }

    internal LoopCanceledException(string? reason, Exception? innerException, CancellationToken cancellationToken)
        : base(reason ?? "The task was canceled.", innerException, cancellationToken) => Reason = reason;

    /// <summary>The reason that was passed to Cancel; null if there was none.</summary>
    public string? Reason { get; }
}
