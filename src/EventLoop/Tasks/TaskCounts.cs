namespace EventLoop.Tasks;

/// <summary>Counts of what one task has done. Written on the loop's thread, read on any: each number is right for some moment.</summary>
/// <param name="born">Loop time, in ticks.</param>
internal sealed class TaskCounts(long born)
{
    internal readonly long Born = born;
    internal long Steps;
    internal long RunTicks;
    internal long ReadyTicks;
    internal long SelfWakes;
    internal int WokenBy;          // zero: not a task
    private long wokenAt = born;   // negative: it is not between a wake-up and its step

    internal void Begin(long now)
    {
        if (wokenAt >= 0)
        {
            ReadyTicks += Math.Max(0, now - wokenAt);
            wokenAt = -1;
        }
    }

    internal void End(long duration)
    {
        Steps++;
        RunTicks += duration;
    }

    /// <summary>A whole step, at whose end the task has yielded.</summary>
    /// <param name="began">Loop time, in ticks.</param>
    /// <param name="ended">The end of the step.</param>
    /// <param name="itself">The number of the task.</param>
    internal void Yield(long began, long ended, int itself)
    {
        if (wokenAt >= 0)
        {
            ReadyTicks += Math.Max(0, began - wokenAt);
        }

        Steps++;
        RunTicks += ended - began;
        SelfWakes++;
        WokenBy = itself;
        wokenAt = ended;
    }

    /// <param name="now">Loop time, in ticks.</param>
    /// <param name="by">The task that did it; zero: none.</param>
    /// <param name="isItself">Whether that is the task itself.</param>
    internal void Wake(long now, int by, bool isItself)
    {
        wokenAt = now;
        WokenBy = by;
        if (isItself)
        {
            SelfWakes++;
        }
    }
}
