namespace EventLoop.Debugging;

/// <summary>
/// Notices steps that do not end: one thread for all loops in debug mode, which lives while there are any. It reads when the step of each began, and reports
/// once each step that has run for longer than its loop allows. By the system's time, whatever a loop's clock. Any thread.
/// </summary>
internal static class StepWatch
{
    private const int ShortestPeriod = 5;       // milliseconds
    private const int LongestPeriod = 250;

    // This thread stood still as well if the machine was suspended, or had no core for it, so the step has to be seen several times.
    private const int FewestLooks = 3;

    private static readonly Lock Gate = new();      // loops come and go on any thread
    private static readonly List<Watched> Loops = [];
    private static readonly AutoResetEvent Changed = new(false);
    private static bool watching;

    internal static void Add(StepTimer timer, TimeSpan threshold)
    {
        lock (Gate)
        {
            Loops.Add(new Watched(timer, threshold));
            if (watching)
            {
                Changed.Set();
                return;
            }

            watching = true;
        }

        new Thread(Watch) { IsBackground = true, Name = "EventLoop step watch" }.UnsafeStart();
    }

    internal static void Remove(StepTimer timer)
    {
        lock (Gate)
        {
            Loops.RemoveAll(loop => ReferenceEquals(loop.Timer, timer));
        }
    }

    private static void Watch()
    {
        while (NextPeriod() is { } period)
        {
            Changed.WaitOne(period);
            foreach (var loop in All())
            {
                loop.Look();
            }
        }
    }

    private static Watched[] All()
    {
        lock (Gate)
        {
            return [.. Loops];
        }
    }

    private static int? NextPeriod()
    {
        lock (Gate)
        {
            watching = Loops.Count > 0;
            return watching ? (int)Math.Clamp(Loops.Min(static loop => loop.Threshold) / 4, ShortestPeriod, LongestPeriod) : null;
        }
    }

    private sealed class Watched(StepTimer timer, TimeSpan threshold)
    {
        private long step;      // when the one that was seen last began
        private int looks;

        internal StepTimer Timer => timer;

        internal double Threshold { get; } = threshold.TotalMilliseconds;

        internal void Look()
        {
            long began = timer.StepBegan;
            if (began == 0 || began != step)
            {
                (step, looks) = (began, 0);
                return;
            }

            long elapsed = Environment.TickCount64 - began;
            bool told = looks < 0;
            if (!told && ++looks >= FewestLooks && elapsed >= Threshold)
            {
                looks = -1;
                timer.Loop.Reports.StepStuck(TimeSpan.FromMilliseconds(elapsed));
            }
        }
    }
}
