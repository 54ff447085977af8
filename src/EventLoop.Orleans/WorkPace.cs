namespace EventLoop.Orleans;

/// <summary>How long a function usually takes. Any thread; of two records at the same moment one may be lost.</summary>
internal sealed class WorkPace
{
    private const long QuickTicks = TimeSpan.TicksPerMillisecond / 10, AheadTicks = TimeSpan.TicksPerMillisecond * 5;
    private const int LeastAhead = 2, MostAhead = 100_000;

    private long average = -1;      // negative: unknown

    /// <summary>Whether it takes so little time that the call is the main cost.</summary>
    internal bool IsQuick => (ulong)Volatile.Read(ref average) < QuickTicks;

    /// <summary>How many may be under way at a silo for each of its threads: one to run and one to follow it, more of those which take less time than a
    /// message.</summary>
    internal int Ahead => Volatile.Read(ref average) is >= 0 and var ticks ? (int)Math.Clamp(AheadTicks / (ticks + 1), LeastAhead, MostAhead) : LeastAhead;

    /// <summary>Records how long one took.</summary>
    /// <returns>What was usual before; negative: it is the first.</returns>
    internal long Took(long ticks)
    {
        long before = Volatile.Read(ref average);
        Volatile.Write(ref average, before < 0 || ticks > QuickTicks ? ticks : before + (ticks - before) / 8);
        return before;
    }
}
