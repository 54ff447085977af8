using System.Diagnostics;
using System.Runtime.CompilerServices;
using EventLoop.Reporting;

namespace EventLoop.Scheduling;

/// <summary>
/// Loop time: ticks of 100 ns since the loop was made, monotonic as far as the provider is. Any thread. A provider that throws fails the operation that has
/// just asked for the time (<see cref="ReadNow"/>); the loop itself (<see cref="Now"/>) is never ended by it, and continues on the system's time meanwhile.
/// </summary>
internal sealed class LoopClock
{
    /// <summary>A deadline that never comes.</summary>
    internal const long Never = long.MaxValue;

    private const long Latest = Never - 1;

    private readonly TimeProvider? custom;       // null: the system's, read without a virtual call
    private readonly long frequency;
    private readonly long origin;
    private readonly bool countsNanoseconds;     // the system's, as nearly everywhere: read without a call

    private long lead;                 // how much loop time was ahead of the system's when the provider answered last; any thread
    private volatile bool isBroken;    // any thread
    private ReportThrottle failures;       // any thread

    internal LoopClock(TimeProvider provider)
    {
        custom = ReferenceEquals(provider, TimeProvider.System) ? null : provider;
        frequency = custom is null ? Stopwatch.Frequency : custom.TimestampFrequency;
        if (frequency <= 0)
        {
            throw new ArgumentException($"{provider.GetType().Name}.TimestampFrequency is {frequency}: a clock has to count some ticks a second.",
                "options.TimeProvider");
        }

        countsNanoseconds = custom is null && frequency == 1_000_000_000;
        origin = custom is null ? Stopwatch.GetTimestamp() : custom.GetTimestamp();
        lead = -SystemNow;
    }

    /// <summary>The provider whose own timers have to wake the loop; null for the system's.</summary>
    internal TimeProvider? Custom => custom;

    /// <summary>Whether the provider threw when it was last asked, so that its timers cannot be relied on, either.</summary>
    internal bool IsBroken => isBroken;

    /// <summary>Called on any thread with an exception of the provider and the number of exceptions so far; seldom, however often it throws.</summary>
    internal Action<Exception, long>? Failed { get; set; }

    /// <summary>The time, rounded down, for checks whether a deadline has come. Never throws.</summary>
    internal long Now
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => countsNanoseconds ? (Stopwatch.GetTimestamp() - origin) / 100 : OtherNow;
    }

    private long OtherNow => custom is null ? ToTicks(Stopwatch.GetTimestamp() - origin, roundUp: false) : NowOrSystem(roundUp: false);

    /// <summary>The same on behalf of one operation, which fails if the provider does.</summary>
    internal long ReadNow() => custom is null ? Now : ReadCustom(roundUp: false);

    /// <summary>The deadline after a delay from now, which never comes early; saturates. Never throws.</summary>
    internal long DeadlineAfter(long delay) =>
        Add(custom is null ? ToTicks(Stopwatch.GetTimestamp() - origin, roundUp: true) : NowOrSystem(roundUp: true), delay);

    /// <summary>The same on behalf of one operation, which fails if the provider does.</summary>
    internal long ReadDeadlineAfter(long delay) => custom is null ? DeadlineAfter(delay) : Add(ReadCustom(roundUp: true), delay);

    /// <summary>Notes that the provider, or one of its timers, has thrown.</summary>
    internal void NoteFailure(Exception failure)
    {
        isBroken = true;
        if (failures.IsWorthTelling(out long count))
        {
            Failed?.Invoke(failure, count);
        }
    }

    // The time of a clock that has jumped back may be before the loop was made.
    internal static long Add(long now, long delay) => now > 0 && delay > Never - now ? Never : now + delay;

    private static long SystemNow => Stopwatch.GetElapsedTime(0).Ticks;

    private long NowOrSystem(bool roundUp)
    {
        try
        {
            return ReadCustom(roundUp);
        }
        catch (Exception failure)
        {
            NoteFailure(failure);
            return SystemNow + Volatile.Read(ref lead);
        }
    }

    private long ReadCustom(bool roundUp)
    {
        var elapsed = (Int128)custom!.GetTimestamp() - origin;
        long now = frequency == TimeSpan.TicksPerSecond && elapsed >= -Latest && elapsed <= Latest
            ? (long)elapsed
            : (long)Int128.Clamp((elapsed * TimeSpan.TicksPerSecond + (roundUp ? frequency - 1 : 0)) / frequency, -Latest, Latest);
        Volatile.Write(ref lead, now - SystemNow);
        isBroken = false;
        return now;
    }

    private long ToTicks(long elapsed, bool roundUp)
    {
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
