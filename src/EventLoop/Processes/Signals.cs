using System.Runtime.InteropServices;
using EventLoop.Processes;

namespace EventLoop;

/// <summary>Signals to this process, as events of the running loop.</summary>
public static class Signals
{
    /// <summary>Kills; cannot be caught.</summary>
    public static PosixSignal SIGKILL => (PosixSignal)SignalNumbers.Kill;

    /// <summary>Stops; cannot be caught.</summary>
    public static PosixSignal SIGSTOP => (PosixSignal)SignalNumbers.Stop;

    /// <summary>Free for programs.</summary>
    public static PosixSignal SIGUSR1 => (PosixSignal)10;

    /// <summary>Free for programs.</summary>
    public static PosixSignal SIGUSR2 => (PosixSignal)12;

    /// <summary>"SIGTERM".</summary>
    /// <param name="signal">By its name or its number.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is no signal.</exception>
    public static string NameOf(PosixSignal signal) => SignalNumbers.NameOf(SignalNumbers.Of(signal));
}
