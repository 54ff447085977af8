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

/// <summary>Run was ended by Ctrl-C or SIGTERM. asyncio: <c>KeyboardInterrupt</c>.</summary>
/// <param name="signal">Which of them.</param>
public sealed class LoopInterruptedException(PosixSignal signal)
    : OperationCanceledException($"The run was interrupted ({(signal == PosixSignal.SIGTERM ? "SIGTERM" : "Ctrl-C")}).")
{
    /// <summary>Run was ended by Ctrl-C.</summary>
    public LoopInterruptedException()
        : this(PosixSignal.SIGINT)
    {
    }

    /// <summary>Which signal it was.</summary>
    public PosixSignal Signal => signal;

    /// <summary>What a program returns that was ended by it, as shells count: 130 for Ctrl-C, 143 for SIGTERM.</summary>
    public int ExitCode => signal == PosixSignal.SIGTERM ? 143 : 130;
}

/// <summary>Leaves Run at once; no group collects it. asyncio: <c>SystemExit</c>'s role.</summary>
/// <param name="exitCode">For the process.</param>
public sealed class LoopExitException(int exitCode = 0) : Exception($"The program asked to exit with code {exitCode}.")
{
    /// <summary>For the process.</summary>
    public int ExitCode => exitCode;
}

/// <summary>Nothing can ever run again: every task waits for another. Thrown by loops for tests.</summary>
/// <param name="report">Every waiting task and what it waits for.</param>
public sealed class LoopDeadlockException(string report) : Exception(report);
