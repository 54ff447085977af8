namespace EventLoop.Diagnostics;

/// <summary>How severe a finding is.</summary>
public enum FindingSeverity
{
    /// <summary>Worth knowing.</summary>
    Info,

    /// <summary>Something is slower, or longer, than it should be.</summary>
    Warning,

    /// <summary>Something will never end by itself.</summary>
    Error,
}
