namespace EventLoop.Diagnostics;

/// <summary>What a recorder notes of time.</summary>
public enum RecorderDetail
{
    /// <summary>The order of steps and wake-ups; times as of the loop's looks at the clock. Some nanoseconds a step.</summary>
    Order,

    /// <summary>The time of each step, too: one reading of the clock a step, some 20 ns.</summary>
    Times,
}
