namespace EventLoop.Diagnostics;

/// <summary>When a dump is written.</summary>
[Flags]
public enum DumpCauses
{
    /// <summary>Never.</summary>
    None = 0,

    /// <summary>A step runs longer than <see cref="LoopDiagnostics.StallLimit"/>.</summary>
    Stall = 1,

    /// <summary>Something reaches the loop's exception handler.</summary>
    UnhandledException = 2,

    /// <summary>Nothing on the loop can make progress, or tasks wait for one another in a ring; looked for when the loop parks.</summary>
    Deadlock = 4,

    /// <summary>SIGQUIT (Ctrl-\).</summary>
    Quit = 8,

    /// <summary>All of them.</summary>
    All = 15,
}
