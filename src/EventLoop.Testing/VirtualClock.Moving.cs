using EventLoop.Scheduling;

namespace EventLoop.Testing;

// From deadline to deadline, whosever they are.
public sealed partial class VirtualClock
{
    // Moves one deadline forward, if there is one up to the limit, and whoever drives the loops lets them see it.
    private bool Step(long limit)
    {
        if (LoopCore.Running is { } core && ReferenceEquals(core.Clock.Custom, this))
        {
            return Jump(core, limit);
        }

        Drain();
        long due = NextDue(null);
        if (due > limit)
        {
            return false;
        }

        MoveTo(due);
        Fire(null, due);
        return true;
    }

    /// <summary>Moves to the earliest deadline of this loop and of foreign timers, and makes everything that is due then take effect, in order.</summary>
    private bool Jump(LoopCore core, long limit)
    {
        long due = NextDue(core);
        if (due > limit)
        {
            return false;
        }

        MoveTo(due);
        var context = core.Current;
        var flow = core.ThreadContexts.CaptureFlow();
        core.Install(null);
        try
        {
            Fire(core, due);
        }
        finally
        {
            core.Install(context);
            core.ThreadContexts.RestoreFlow(flow);
        }

        return true;
    }

    // With the loop its own queue is asked, and its own park timer does not count. Without it: the deadlines that the loops reported when they became idle.
    private long NextDue(LoopCore? core)
    {
        lock (gate)
        {
            if (core is not null)
            {
                long foreign = timers.FirstOrDefault(timer => !ReferenceEquals(timer.Wakes, core))?.Due ?? LoopClock.Never;
                return core.Timers.Count > 0 ? Math.Min(foreign, LoopOf(core).Absolute(core.Timers.NextDue)) : foreign;
            }

            long due = timers.FirstOrDefault(static timer => timer.Wakes is null)?.Due ?? LoopClock.Never;
            foreach (var loop in loops)
            {
                bool tells = loop.Core.IsRunning || (loop.Core.IsInLoopThread && !loop.Core.Loop.IsClosed);
                if (tells && loop.NextDue > elapsed)
                {
                    due = Math.Min(due, loop.NextDue);
                }
            }

            return due;
        }
    }

    private void Fire(LoopCore? core, long due)
    {
        long latest = Volatile.Read(ref serial);       // a timer that is set meanwhile, for now, waits for its turn
        bool callbackMoved = false;
        while (true)
        {
            VirtualTimer? timer;
            lock (gate)
            {
                timer = timers.FirstOrDefault(one => one.Serial <= latest && (core is null || !ReferenceEquals(one.Wakes, core)));
                if (timer is not null && timer.Due > due)
                {
                    timer = null;
                }

                bool loopFirst = core is { Timers.Count: > 0 } && LoopOf(core).Absolute(core.Timers.NextDue) is var loopDue && loopDue <= due
                    && (timer is null || timer.IsAfter(core, loopDue));
                if (!loopFirst && timer is null)
                {
                    return;
                }

                if (loopFirst)
                {
                    timer = null;
                }
                else
                {
                    timers.Remove(timer!);
                    timer!.Rearm();
                }
            }

            if (timer is null)
            {
                // As in the loop itself: an alarm acts at once, and must not overtake a callback that is due before it and has its step still to come.
                if (callbackMoved && core!.Timers.First.IsAlarm)
                {
                    core.LookSoon();
                    return;
                }

                var item = core!.Timers.RemoveFirst();
                callbackMoved |= item is CallbackItem;
                item.OnDue(core);
            }
            else
            {
                timer.Call();
            }
        }
    }

    private void MoveTo(long due)
    {
        lock (gate)
        {
            if (due > elapsed)
            {
                Volatile.Write(ref elapsed, due);
            }
        }
    }

    internal static long Add(long ticks, long more) => more > LoopClock.Never - 1 - ticks ? LoopClock.Never - 1 : ticks + more;
}
