using EventLoop.Scheduling;
using EventLoop.Testing.Running;

namespace EventLoop.Testing;

// The loops that run on the clock: what happens when one has nothing to do, and how others wait until that is so.
public sealed partial class VirtualClock : IIdleClock
{
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

        if (!held && core.Poller.HasSources)
        {
            core.Poller.Poll(IoPatience is { } patience ? Math.Max(0, patience.Ticks) : 0);
            if (core.Ready.Count > 0 || !core.Inbox.IsEmpty)
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
