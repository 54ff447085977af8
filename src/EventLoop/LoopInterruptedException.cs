using System.Runtime.InteropServices;

namespace EventLoop;

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
