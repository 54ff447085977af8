using EventLoop.Scheduling;

namespace EventLoop.Testing;

/// <summary>A loop that was made with a virtual clock, as the clock sees it.</summary>
internal sealed class ClockedLoop(LoopCore core, long origin)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly List<Nudge> nudges = [];      // loop thread

    internal LoopCore Core => core;

    /// <summary>The loop's next deadline on the clock's scale, as of its last idle moment. Guarded by the clock's gate.</summary>
    internal long NextDue { get; set; } = LoopClock.Never;

    /// <summary>Whether its run ends when nothing is left to do. Loop thread only.</summary>
    internal bool Draining { get; set; }

    /// <summary>Converts loop time to the clock's scale.</summary>
    internal long Absolute(long loopTicks) => loopTicks == LoopClock.Never ? LoopClock.Never : VirtualClock.Add(loopTicks, origin);

    /// <summary>Any other thread: waits until the loop, which runs on its own, has nothing to do.</summary>
    internal void WaitUntilIdle()
    {
        // An item to take makes it turn once more, and find itself idle after that.
        var nudge = new Nudge(this);
        if (core.TryPost(nudge))
        {
            long start = Environment.TickCount64;
            while (!nudge.Idle.Wait(5) && core.IsRunning && Environment.TickCount64 - start < LongestWait.TotalMilliseconds)
            {
                // its run may end before it is idle
            }
        }
    }

    /// <summary>Loop thread: notes that it has nothing to do.</summary>
    internal void AnswerNudges()
    {
        foreach (var nudge in nudges)
        {
            nudge.Idle.Set();
        }

        nudges.Clear();
    }

    /// <summary>Makes a parked loop look around, and is notified when it has nothing left to do.</summary>
    private sealed class Nudge(ClockedLoop loop) : LoopItem
    {
        internal readonly ManualResetEventSlim Idle = new();

        internal override void OnArrived(LoopCore core) => loop.nudges.Add(this);

        internal override void OnRejected(LoopCore core) => Idle.Set();

        internal override void Execute()
        {
        }
    }
}
