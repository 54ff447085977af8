namespace EventLoop;

/// <summary>The result of a run. .NET 11: <c>ProcessTextOutput</c>.</summary>
/// <typeparam name="T">string or byte[].</typeparam>
/// <param name="ExitStatus">How the process ended.</param>
/// <param name="StandardOutput">The standard output; empty where it was not captured.</param>
/// <param name="StandardError">The error output; empty where it was not captured.</param>
/// <param name="ProcessId">The process ID, which may be another process's by now.</param>
/// <param name="IsCutOff">Whether an output was ended by <see cref="ProcessCommand.DrainTimeout"/>, because a grandchild still holds it.</param>
public sealed record RunResult<T>(ExitStatus ExitStatus, T StandardOutput, T StandardError, int ProcessId, bool IsCutOff = false);
