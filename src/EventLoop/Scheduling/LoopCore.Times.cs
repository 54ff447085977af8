namespace EventLoop.Scheduling;

// How long the loop has run and slept. Any thread may ask at any moment, also in the middle of a run or a sleep that is not added up yet.
internal abstract partial class LoopCore
{
    private const long Not = long.MinValue;      // as a time

    // Written on the loop's thread, read on any.
    private int timesVersion;          // odd while several of these change: who has read the same before and after has numbers that belong together
    private long runTicks;             // before the current run
    private long runStart = Not;
    private long idleTicks;            // before the current sleep
    private long parkStart = Not;

    private volatile bool isAsleep;    // read on any thread

    internal TimeSpan BusyTime => Times.Busy;

    /// <summary>Including the current run and sleep, of one moment.</summary>
    internal (TimeSpan Busy, TimeSpan Idle) Times
    {
        get
        {
            const int patience = 50;      // a loop that parks and wakes all the time is met between two changes sooner or later
            var spin = default(SpinWait);
            while (true)
            {
                int version = Volatile.Read(ref timesVersion);
                var (run, runs) = (Volatile.Read(ref runTicks), Volatile.Read(ref runStart));
                var (idle, sleeps) = (Volatile.Read(ref idleTicks), Volatile.Read(ref parkStart));
                long now = Clock.Now;
                if (((version & 1) == 0 && Volatile.Read(ref parkStart) == sleeps && Volatile.Read(ref timesVersion) == version) || spin.Count > patience)
                {
                    idle += Since(sleeps, now);
                    return (TimeSpan.FromTicks(Math.Max(0, run + Since(runs, now) - idle)), TimeSpan.FromTicks(idle));
                }

                spin.SpinOnce();
            }
        }
    }

    private static long Since(long then, long now) => then == Not ? 0 : Math.Max(0, now - then);      // a clock may have jumped back

    private void BeginTime(long now) => SetTimes(runTicks, now, idleTicks, Not);

    private void EndTime(long now) => SetTimes(runTicks + Since(runStart, now), Not, idleTicks, Not);

    private void BeginPark(long now)
    {
        Volatile.Write(ref parkStart, now);
        isAsleep = true;
    }

    // At the end of each sleep.
    private void AddIdle(long duration)
    {
        int version = timesVersion;
        Volatile.Write(ref timesVersion, version + 1);
        Volatile.Write(ref idleTicks, idleTicks + duration);
        Volatile.Write(ref parkStart, Not);
        Volatile.Write(ref timesVersion, version + 2);
    }

    // Each of the writes stays behind the one before it.
    private void SetTimes(long run, long runs, long idle, long sleeps)
    {
        int version = timesVersion;
        Volatile.Write(ref timesVersion, version + 1);
        Volatile.Write(ref runTicks, run);
        Volatile.Write(ref runStart, runs);
        Volatile.Write(ref idleTicks, idle);
        Volatile.Write(ref parkStart, sleeps);
        Volatile.Write(ref timesVersion, version + 2);
    }
}
