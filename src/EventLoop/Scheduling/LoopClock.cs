using System.Diagnostics;

namespace EventLoop.Scheduling;

/// <summary>Loop time: ticks of 100 ns since the loop was made, monotonic. Any thread.</summary>
internal sealed class LoopClock
{
    /// <summary>A deadline that never comes.</summary>
    internal const long Never = long.MaxValue;

    private readonly TimeProvider? custom;       // null: the system's, read without a virtual call
    private readonly long origin;

    internal LoopClock(TimeProvider provider)
    {
        custom = ReferenceEquals(provider, TimeProvider.System) ? null : provider;
        origin = Timestamp;
    }

    /// <summary>The provider whose own timers have to wake the loop; null for the system's.</summary>
    internal TimeProvider? Custom => custom;

    private long Timestamp => custom is null ? Stopwatch.GetTimestamp() : custom.GetTimestamp();

    private long Frequency => custom is null ? Stopwatch.Frequency : custom.TimestampFrequency;

    /// <summary>Rounded down, for the question whether a deadline has come.</summary>
    internal long Now => ToTicks(Timestamp - origin, roundUp: false);

    /// <summary>Rounded up, so that a deadline counted from here never comes early.</summary>
    internal long NowRoundedUp => ToTicks(Timestamp - origin, roundUp: true);

    /// <summary>A delay from now on as a deadline; saturates.</summary>
    internal long DeadlineAfter(long delay)
    {
        long now = NowRoundedUp;
        return delay > Never - now ? Never : now + delay;
    }

    private long ToTicks(long elapsed, bool roundUp)
    {
        long frequency = Frequency;
        if (frequency == TimeSpan.TicksPerSecond)
        {
            return elapsed;
        }

        if (frequency == 1_000_000_000)
        {
            return (elapsed + (roundUp ? 99 : 0)) / 100;
        }

        return (long)(((Int128)elapsed * TimeSpan.TicksPerSecond + (roundUp ? frequency - 1 : 0)) / frequency);
    }
}
