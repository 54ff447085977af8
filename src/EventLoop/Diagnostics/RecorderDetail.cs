namespace EventLoop.Diagnostics;

/// <summary>Which times a recorder records.</summary>
public enum RecorderDetail
{
    /// <summary>The order of steps and wake-ups, with the times at which the loop looked at the clock. A few nanoseconds for each step.</summary>
    Order,

    /// <summary>Also the time of each step: one reading of the clock for each, about 20 ns.</summary>
    Times,
}
