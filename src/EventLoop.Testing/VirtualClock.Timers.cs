using EventLoop.Scheduling;

namespace EventLoop.Testing;

// Timers of foreign code, and the one that a loop parks on.
public sealed partial class VirtualClock
{
    private readonly SortedSet<VirtualTimer> timers = new(VirtualTimer.ByDeadline);
    private long serial;

    /// <summary>Live timers of foreign code.</summary>
    public int TimerCount
    {
        get
        {
            lock (gate)
            {
                return timers.Count(static timer => timer.Wakes is null);
            }
        }
    }

    internal bool HasTimers => TimerCount > 0;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <returns>False: it is disposed.</returns>
    internal bool Set(VirtualTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        bool now = false;
        lock (gate)
        {
            if (timer.IsDisposed)
            {
                return false;
            }

            timers.Remove(timer);
            timer.Period = period.Ticks;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                Insert(timer, Add(elapsed, dueTime.Ticks));
                now = dueTime == TimeSpan.Zero;
            }
        }

        if (now)
        {
            FireSoon();
        }
        else if (timer.Wakes is null && timer.Owner is null)
        {
            WakeLoops();      // they may have parked without a deadline
        }

        return true;
    }

    internal void Insert(VirtualTimer timer, long due)
    {
        timer.Due = due;
        timer.Serial = ++serial;
        timer.Owner = LoopCore.Running is { } core && ReferenceEquals(core.Clock.Custom, this) ? core : null;
        timer.Sequence = timer.Owner?.Timers.ReserveSequence() ?? 0;
        timers.Add(timer);
    }

    /// <summary>For good.</summary>
    internal void Remove(VirtualTimer timer)
    {
        lock (gate)
        {
            timer.IsDisposed = true;
            timers.Remove(timer);
        }
    }

    // A timer without a delay does not wait for the loop to be idle.
    private void FireSoon()
    {
        LoopCore? running;
        lock (gate)
        {
            running = loops.Find(static loop => loop.Core.IsRunning)?.Core;
        }

        if (running is null
            || !running.TryPost(CallbackItem<VirtualClock>.Create(static clock => clock.Fire(null, clock.GetTimestamp()), this, running.BaseContext)))
        {
            ThreadPool.UnsafeQueueUserWorkItem(static clock => clock.Fire(null, clock.GetTimestamp()), this, preferLocal: false);
        }
    }
}
