namespace EventLoop;

/// <summary>The clock that a test runs on.</summary>
public enum TestClock
{
    /// <summary>A <see cref="Testing.VirtualClock"/>: sleeping takes no real time.</summary>
    Virtual,

    /// <summary>The system's clock.</summary>
    Real,
}
