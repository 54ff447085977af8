namespace EventLoop;

/// <summary>The cancellation of a loop task or scope. asyncio: <c>CancelledError</c>.</summary>
/// <param name="reason">What was given to Cancel.</param>
/// <param name="innerException">The foreign cancellation behind it, if any.</param>
public class LoopCanceledException(string? reason = null, Exception? innerException = null)
    : OperationCanceledException(reason ?? "The task was canceled.", innerException)
{
    /// <summary>What was given to Cancel; null when nothing was.</summary>
    public string? Reason => reason;
}

/// <summary>Run was ended by Ctrl-C. asyncio: <c>KeyboardInterrupt</c>.</summary>
public sealed class LoopInterruptedException() : OperationCanceledException("The run was interrupted (Ctrl-C).");

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
