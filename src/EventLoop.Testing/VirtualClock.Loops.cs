using System.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Testing.Running;

namespace EventLoop.Testing;

// The loops that run on the clock: what happens when one has nothing to do, and how others wait until that is so.
public sealed partial class VirtualClock : IIdleClock
{
    private static readonly TimeSpan LongestPoll = TimeSpan.FromMilliseconds(2);

    private readonly List<ClockedLoop> loops = [];

    void IIdleClock.Attach(LoopCore core)
    {
        lock (gate)
        {
            loops.RemoveAll(static loop => loop.Core.Loop.IsClosed);
            loops.Add(new ClockedLoop(core, elapsed - core.Clock.Now));
        }

        core.Instruments.Add(new IdleInstrument(next => OnIdle(core, next)), Hearing.Parking);
    }

    void IIdleClock.Left(LoopCore core)
    {
        lock (gate)
        {
            foreach (var loop in loops)
            {
                if (!ReferenceEquals(loop.Core, core))
                {
                    loop.Core.WakeToLook();
                }
            }
        }
    }

    private ClockedLoop LoopOf(LoopCore core) => loops.Find(one => ReferenceEquals(one.Core, core))!;

    // ---- A loop has nothing to do

    private bool OnIdle(LoopCore core, long next)
    {
        ClockedLoop loop;
        bool alone = true;
        lock (gate)
        {
            loop = LoopOf(core);
            loop.NextDue = loop.Absolute(next);
            foreach (var other in loops)
            {
                alone &= ReferenceEquals(other.Core, core) || !other.Core.IsRunning;
            }
        }

        if (loop.Draining && !core.InFlight)
        {
            core.RequestStop();
            return true;
        }

        bool held = IsHeld || core.InFlight || !alone;
        if (!core.Inbox.IsEmpty)
        {
            return true;      // what was in flight when the inbox was looked at has arrived
        }

        if (!held && core.HasSources)
        {
            PollFor(core, IoPatience ?? TimeSpan.Zero);
            if (core.Ready.Count > 0 || !core.Inbox.IsEmpty || core.IsStopRequested)
            {
                return true;
            }

            held = IoPatience is null;
        }

        if (!held && Jump(core, LoopClock.Never - 1))
        {
            return true;
        }

        loop.AnswerNudges();
        return false;
    }

    // In slices: the loop does not count as parked, so that no post would end the poll.
    private static void PollFor(LoopCore core, TimeSpan patience)
    {
        long start = Stopwatch.GetTimestamp();
        long left = Math.Max(0, patience.Ticks);
        do
        {
            core.Poller.Poll(Math.Min(left, LongestPoll.Ticks));
            left = patience.Ticks - Stopwatch.GetElapsedTime(start).Ticks;
        }
        while (left > 0 && core.Ready.Count == 0 && core.Inbox.IsEmpty && !core.IsStopRequested);
    }

    // ---- From outside: until no loop on this clock has anything to do

    private void Drain()
    {
        if (LoopCore.Running is { } here && ReferenceEquals(here.Clock.Custom, this))
        {
            return;
        }

        ClockedLoop[] all;
        lock (gate)
        {
            all = [.. loops];
        }

        foreach (var loop in all)
        {
            if (loop.Core.IsRunning)
            {
                loop.WaitUntilIdle();
            }
            else if (loop.Core.IsInLoopThread && !loop.Core.Loop.IsClosed && LoopCore.Running is null)
            {
                loop.Draining = true;
                loop.Core.Run(null);
                loop.Draining = false;
            }
        }
    }

    private void WakeLoops()
    {
        lock (gate)
        {
            foreach (var loop in loops)
            {
                loop.Core.WakeToLook();
            }
        }
    }
}
