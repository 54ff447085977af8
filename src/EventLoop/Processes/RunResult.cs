namespace EventLoop;

/// <summary>What a run came to. .NET 11: <c>ProcessTextOutput</c>.</summary>
/// <typeparam name="T">string or byte[].</typeparam>
/// <param name="ExitStatus">How the process ended.</param>
/// <param name="StandardOutput">What it wrote; empty where that was not captured.</param>
/// <param name="StandardError">What it wrote; empty where that was not captured.</param>
/// <param name="ProcessId">Its number, which may be another's by now.</param>
/// <param name="IsCutOff">An output ended by <see cref="ProcessCommand.DrainTimeout"/>: a grandchild still holds it.</param>
public sealed record RunResult<T>(ExitStatus ExitStatus, T StandardOutput, T StandardError, int ProcessId, bool IsCutOff = false);
