using System.Runtime.InteropServices;

namespace EventLoop;

/// <summary>Leaves Run at once; no group collects it. asyncio: <c>SystemExit</c>'s role.</summary>
/// <param name="exitCode">For the process.</param>
public sealed class LoopExitException(int exitCode = 0) : Exception($"The program asked to exit with code {exitCode}.")
{
    /// <summary>For the process.</summary>
    public int ExitCode => exitCode;
}
