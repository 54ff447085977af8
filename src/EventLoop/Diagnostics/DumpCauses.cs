namespace EventLoop.Diagnostics;

/// <summary>When a dump is written.</summary>
[Flags]
public enum DumpCauses
{
    /// <summary>Never.</summary>
    None = 0,

    /// <summary>When a step runs longer than <see cref="LoopDiagnostics.StallLimit"/>.</summary>
    Stall = 1,

    /// <summary>When something reaches the loop's exception handler.</summary>
    UnhandledException = 2,

    /// <summary>When nothing on the loop can make progress, or tasks wait for one another in a cycle; checked when the loop parks.</summary>
    Deadlock = 4,

    /// <summary>On SIGQUIT (Ctrl-\).</summary>
    Quit = 8,

    /// <summary>All of them.</summary>
    All = 15,
}
