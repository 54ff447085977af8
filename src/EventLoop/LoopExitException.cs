using System.Runtime.InteropServices;

namespace EventLoop;

/// <summary>Leaves Run at once; no group collects it. Plays the role of asyncio's <c>SystemExit</c>.</summary>
/// <param name="exitCode">The exit code of the process.</param>
public sealed class LoopExitException(int exitCode = 0) : Exception($"The program asked to exit with code {exitCode}.")
{
    /// <summary>The exit code of the process.</summary>
    public int ExitCode => exitCode;
}
