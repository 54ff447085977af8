using EventLoop.Scheduling;

namespace EventLoop.Testing;

/// <summary>A timer that a <see cref="VirtualClock"/> made for foreign code, or for a loop that has parked. The clock's lock guards its fields.</summary>
internal sealed class VirtualTimer(VirtualClock clock, TimerCallback callback, object? state) : ITimer
{
    internal static readonly IComparer<VirtualTimer> ByDeadline = Comparer<VirtualTimer>.Create(static (a, b) =>
        a.Due != b.Due ? a.Due.CompareTo(b.Due) : a.Serial.CompareTo(b.Serial));

    private readonly ExecutionContext? flow = ExecutionContext.Capture();

    /// <summary>Set for good, when the clock has removed it.</summary>
    internal bool IsDisposed { get; set; }

    internal long Due { get; set; }

    internal long Period { get; set; }

    /// <summary>The order in which it was set among the timers of the clock.</summary>
    internal long Serial { get; set; }

    /// <summary>The loop on whose thread it was set, and its place among that loop's own timers.</summary>
    internal LoopCore? Owner { get; set; }

    /// <inheritdoc cref="Owner"/>
    internal int Sequence { get; set; }

    /// <summary>The loop that set it when it parked; null for foreign code.</summary>
    internal LoopCore? Wakes => state as LoopCore;

    /// <summary>Whether the loop's first deadline precedes it.</summary>
    internal bool IsAfter(LoopCore core, long loopDue) =>
        loopDue != Due ? loopDue < Due : !ReferenceEquals(Owner, core) || core.Timers.FirstSequence - Sequence < 0;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        Verify(dueTime, nameof(dueTime));
        Verify(period, nameof(period));
        return clock.Set(this, dueTime, period);
    }

    public void Dispose() => clock.Remove(this);

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Called when it is due: sets it again if it is periodic, unless the clock has come to the end of its time. Under the clock's lock.</summary>
    internal void Rearm()
    {
        if (Period > 0 && VirtualClock.Add(Due, Period) is var next && next > Due)
        {
            clock.Insert(this, next);
        }
    }

    internal void Call()
    {
        if (flow is null)
        {
            callback(state);
            return;
        }

        ExecutionContext.Run(flow, static timer => ((VirtualTimer)timer!).Invoke(), this);
    }

    private void Invoke() => callback(state);

    private static void Verify(TimeSpan time, string name)
    {
        if (time < TimeSpan.Zero && time != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(name, time, "A timer's time is zero, more, or infinite.");
        }
    }
}
