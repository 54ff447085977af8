using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>A timer for the library's own use, which calls back while the clock is looked at, ahead of whatever is ready. Loop thread only.</summary>
internal sealed class InternalTimer(Action ring) : LoopItem
{
    private LoopCore? core;
    private bool stopped;

    /// <summary>Zero or less means the next turn.</summary>
    internal void Start(LoopCore on, TimeSpan delay)
    {
        core = on;
        if (delay <= TimeSpan.Zero)
        {
            on.Ready.Enqueue(this);
            return;
        }

        long due = on.Clock.DeadlineAfter(delay.Ticks);
        if (due != LoopClock.Never)
        {
            on.Timers.Add(due, this);
        }
    }

    internal void Stop()
    {
        stopped = true;
        core?.Timers.Remove(this);
    }

    internal override bool IsAlarm => true;

    internal override void OnDue(LoopCore on) => Execute();

    internal override void Execute()
    {
        if (!stopped)
        {
            ring();
        }
    }
}
