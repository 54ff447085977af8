using System.Runtime.InteropServices;
using EventLoop.Native;
using EventLoop.Processes;
using EventLoop.SignalHandling;

namespace EventLoop;

/// <summary>How a process ended. .NET 11: <c>ProcessExitStatus</c>, with these member names.</summary>
/// <param name="ExitCode">Its exit code, or 128 plus the number of the signal, as in shells and .NET (asyncio: minus the number).</param>
/// <param name="Signal">The signal that killed it, by name where <see cref="PosixSignal"/> has one; null: it ended by itself.</param>
/// <param name="CoreDumped">Whether it dumped core.</param>
public readonly record struct ExitStatus(int ExitCode, PosixSignal? Signal = null, bool CoreDumped = false)
{
    /// <summary>Whether it ended by itself with exit code 0.</summary>
    public bool IsSuccess => ExitCode == 0 && Signal is null;

    internal static ExitStatus From(RawStatus status) => new(status.Code, status.Signal == 0 ? null : SignalNumbers.Named(status.Signal), status.CoreDumped);

    /// <summary>"exit code 2", "killed by SIGKILL".</summary>
    public override string ToString() =>
        Signal is { } signal ? $"killed by {Signals.NameOf(signal)}{(CoreDumped ? " (core dumped)" : "")}" : $"exit code {ExitCode}";
}
