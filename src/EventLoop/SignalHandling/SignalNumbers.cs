using System.Runtime.InteropServices;

namespace EventLoop.SignalHandling;

/// <summary>Converts signals between .NET's names, this system's numbers, and texts.</summary>
internal static class SignalNumbers
{
    internal const int Kill = 9, Continue = 18, Stop = 19, Highest = 64;

    private static readonly string[] Names =
    [
        "", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM",
            "SIGTERM", "SIGSTKFLT",
        "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR",
            "SIGSYS",
    ];

    /// <summary>The system's number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such signal.</exception>
    internal static int Of(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGQUIT => 3,
        PosixSignal.SIGTERM => 15,
        PosixSignal.SIGCHLD => 17,
        PosixSignal.SIGCONT => 18,
        PosixSignal.SIGWINCH => 28,
        PosixSignal.SIGTTIN => 21,
        PosixSignal.SIGTTOU => 22,
        PosixSignal.SIGTSTP => 20,
        > 0 and <= (PosixSignal)Highest => (int)signal,
        _ => throw new ArgumentOutOfRangeException(nameof(signal), (int)signal,
            "There is no such signal: one of PosixSignal or of Signals, or a number from 1 to 64."),
    };

    /// <summary>The named value, where .NET has one.</summary>
    internal static PosixSignal Named(int number) => number switch
    {
        1 => PosixSignal.SIGHUP,
        2 => PosixSignal.SIGINT,
        3 => PosixSignal.SIGQUIT,
        15 => PosixSignal.SIGTERM,
        17 => PosixSignal.SIGCHLD,
        18 => PosixSignal.SIGCONT,
        28 => PosixSignal.SIGWINCH,
        21 => PosixSignal.SIGTTIN,
        22 => PosixSignal.SIGTTOU,
        20 => PosixSignal.SIGTSTP,
        _ => (PosixSignal)number,
    };

    internal static string NameOf(int number) =>
        number < Names.Length ? Names[number] : number >= 34 ? number == 34 ? "SIGRTMIN" : $"SIGRTMIN+{number - 34}" : $"signal {number}";
}
