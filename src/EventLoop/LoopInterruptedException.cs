using System.Runtime.InteropServices;

namespace EventLoop;

/// <summary>Run was ended by Ctrl-C or SIGTERM. asyncio: <c>KeyboardInterrupt</c>.</summary>
/// <param name="signal">The signal that ended the run.</param>
public sealed class LoopInterruptedException(PosixSignal signal)
    : OperationCanceledException($"The run was interrupted ({(signal == PosixSignal.SIGTERM ? "SIGTERM" : "Ctrl-C")}).")
{
    /// <summary>Run was ended by Ctrl-C.</summary>
    public LoopInterruptedException()
        : this(PosixSignal.SIGINT)
    {
    }

    /// <summary>The signal that ended the run.</summary>
    public PosixSignal Signal => signal;

    /// <summary>The exit code of a program that it ended, by the shells' convention: 130 for Ctrl-C, 143 for SIGTERM.</summary>
    public int ExitCode => signal == PosixSignal.SIGTERM ? 143 : 130;
}
