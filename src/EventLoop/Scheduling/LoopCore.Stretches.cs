using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

// How long the loop did not look at the clock: whoever watches it from outside may have been held up meanwhile.
internal abstract partial class LoopCore
{
    private long longStretch = long.MaxValue;           // in ticks; set on any thread
    private Action<Stretch>? stretchTold;               // set on any thread
    private long stepsAtLook;                           // when the clock was last read; read on any thread

    /// <summary>Reports times between two looks that are as long as <paramref name="from"/> or longer, on the loop's thread, from now on. Any thread.</summary>
    /// <param name="from">The limit.</param>
    /// <param name="told">The only listener.</param>
    internal void TellStretches(TimeSpan from, Action<Stretch> told)
    {
        Volatile.Write(ref stretchTold, told);
        Volatile.Write(ref longStretch, from.Ticks);
    }

    /// <summary>Unless there is another listener by now. Any thread.</summary>
    internal void TellNoStretches(Action<Stretch> told)
    {
        if (Volatile.Read(ref stretchTold) == told)
        {
            Volatile.Write(ref longStretch, long.MaxValue);
        }
    }

    /// <summary>When the latest look was, and how many steps there have been before it and since. Any thread.</summary>
    internal (long At, long StepsBefore, long Steps) LatestLook
    {
        get
        {
            while (true)
            {
                long at = LookedAt;
                long before = Volatile.Read(ref stepsAtLook);
                long steps = Steps;
                if (LookedAt == at && Volatile.Read(ref stepsAtLook) == before)
                {
                    return (at, before, steps);
                }
            }
        }
    }

    // Before the look is noted.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EndStretch(long now, LoopContext? last)
    {
        if (now - lookedAt >= longStretch)
        {
            TellStretch(now, last);
        }

        Volatile.Write(ref stepsAtLook, Steps);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void TellStretch(long now, LoopContext? last)
    {
        if (Steps > stepsAtLook)
        {
            Volatile.Read(ref stretchTold)?.Invoke(new Stretch(lookedAt, now, stepsAtLook, Steps, last));
        }
    }
}
