namespace EventLoop;

/// <summary>Which time a test runs on.</summary>
public enum TestClock
{
    /// <summary>A <see cref="Testing.VirtualClock"/>: what sleeps takes no time.</summary>
    Virtual,

    /// <summary>The system's.</summary>
    Real,
}
