using System.Runtime.InteropServices;

namespace EventLoop;

/// <summary>The cancellation of a loop task or scope. asyncio: <c>CancelledError</c>.</summary>
public class LoopCanceledException : OperationCanceledException
{
    /// <summary>Code of others may throw one, too; what it ends is canceled.</summary>
    /// <param name="reason">What was given to Cancel.</param>
    /// <param name="innerException">The foreign cancellation behind it, if any.</param>
    public LoopCanceledException(string? reason = null, Exception? innerException = null)
        : this(reason, innerException, default)
    {
    }

    internal LoopCanceledException(string? reason, Exception? innerException, CancellationToken cancellationToken)
        : base(reason ?? "The task was canceled.", innerException, cancellationToken) => Reason = reason;

    /// <summary>What was given to Cancel; null when nothing was.</summary>
    public string? Reason { get; }
}
