using System.Numerics;
using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>Measures how late a loop comes to what has become ready, while a tool watches it: the time from the end of one look to the beginning of the
/// next, and how late a sleeping loop woke for its timer. It costs one reading of the clock for each look.</summary>
/// <remarks>Written on the loop's thread; <see cref="Read"/> on one other thread.</remarks>
internal sealed class DelayMeter(LoopCore core) : Instrument
{
    internal const Hearing Needs = Hearing.Looks | Hearing.Runs;

    private const int PartBits = 3;      // an eighth of an octave is exact enough
    private const int Parts = 1 << PartBits;
    private const long None = -1;

    private readonly long[] counts = new long[64 * Parts];
    private readonly long[] read = new long[64 * Parts];      // as of the last reading, by whoever reads
    private long lookEnded = None;      // written on the loop's thread
    private bool hasSlept;              // in the current look; loop thread
    private long most;

    internal override void OnRunBegin() => Volatile.Write(ref lookEnded, None);

    internal override void OnIdle(long began, long duration)
    {
        NoteLook(began);
        long woken = began + duration;
        if (core.Timers.Count > 0 && woken >= core.Timers.NextDue)
        {
            Note(woken - core.Timers.NextDue);
        }

        Volatile.Write(ref lookEnded, woken);
        hasSlept = true;
    }

    internal override void OnLook(long now)
    {
        if (!hasSlept)
        {
            NoteLook(core.LookedAt);
        }

        Volatile.Write(ref lookEnded, now);
        hasSlept = false;
    }

    private void NoteLook(long began)
    {
        if (lookEnded != None)
        {
            Note(began - lookEnded);
        }
    }

    private void Note(long ticks)
    {
        ticks = Math.Max(0, ticks);      // a clock may have jumped back
        counts[BucketOf(ticks)]++;
        if (ticks > Volatile.Read(ref most))
        {
            Volatile.Write(ref most, ticks);
        }
    }

    // The highest bits of a number: its octave, and the part of it.
    private static int BucketOf(long ticks)
    {
        int octave = BitOperations.Log2((ulong)ticks | 1);
        return octave < PartBits ? (int)ticks : ((octave - PartBits + 1) << PartBits) + (int)((ticks >> (octave - PartBits)) & (Parts - 1));
    }

    private static long ValueOf(int bucket)
    {
        int octave = (bucket >> PartBits) + PartBits - 1;
        return bucket < Parts ? bucket : (long)(Parts + (bucket & (Parts - 1))) << (octave - PartBits);
    }

    /// <summary>What was measured since the last call; null: it is not attached yet.</summary>
    internal LoopDelay? Read()
    {
        long[] since = new long[counts.Length];
        long number = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            long now = Volatile.Read(ref counts[i]);
            since[i] = now - read[i];
            read[i] = now;
            number += since[i];
        }

        long longest = Math.Max(Interlocked.Exchange(ref most, 0), Running());
        return Hears == Hearing.None ? null
            : new LoopDelay(Quantile(since, number, 0.5, longest), Quantile(since, number, 0.99, longest), TimeSpan.FromTicks(longest));
    }

    // A step that runs: nothing is looked at until it ends.
    private long Running() =>
        core.IsRunning && core.Current is not null && Volatile.Read(ref lookEnded) is not None and var ended ? Math.Max(0, core.Clock.Now - ended) : 0;

    private static TimeSpan Quantile(long[] counts, long number, double part, long most)
    {
        long left = (long)Math.Ceiling(number * part);
        for (int i = 0; i < counts.Length && number > 0; i++)
        {
            left -= counts[i];
            if (left <= 0)
            {
                return TimeSpan.FromTicks(Math.Min(ValueOf(i), most));
            }
        }

        return TimeSpan.FromTicks(most);
    }
}
