namespace EventLoop.Tests.Support;

/// <summary>A clock driven by hand, made by somebody who knows nothing of loops: they have to park on its timers.</summary>
public sealed class ManualClock : TimeProvider
{
    private const long Never = long.MaxValue;

    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private long _now = TimeSpan.FromDays(1).Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How many timers wait on this clock: at least one when a loop that has a deadline is parked.</summary>
    public int ArmedTimers
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count(static timer => timer.Due != Never);
            }
        }
    }

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp() + new DateTime(2030, 1, 1).Ticks, TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        lock (_gate)
        {
            _timers.Add(timer);
        }

        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        lock (_gate)
        {
            _now += by.Ticks;
        }

        FireDue();
    }

    private void FireDue()
    {
        List<ManualTimer> due;
        lock (_gate)
        {
            due = [.. _timers.Where(timer => timer.Due <= _now).OrderBy(static timer => timer.Due)];
            foreach (ManualTimer timer in due)
            {
                timer.Due = timer.Period > 0 ? _now + timer.Period : Never;
            }
        }

        foreach (ManualTimer timer in due)
        {
            timer.Callback(timer.State);
        }
    }

    private bool Arm(ManualTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        int version;
        lock (_gate)
        {
            if (!_timers.Contains(timer))
            {
                return false;
            }

            version = ++timer.Version;
            timer.Period = period.Ticks;
            timer.Due = dueTime < TimeSpan.Zero ? Never : dueTime.Ticks > Never - 1 - _now ? Never - 1 : _now + dueTime.Ticks;
        }

        if (timer.Due != Never && dueTime == TimeSpan.Zero)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static jump => jump.timer.Clock.JumpTo(jump.timer, jump.version), (timer, version), preferLocal: false);
        }

        return true;
    }

    private void JumpTo(ManualTimer timer, int version)
    {
        lock (_gate)
        {
            if (timer.Version != version || timer.Due == Never)
            {
                return;
            }

            _now = Math.Max(_now, timer.Due);
        }

        FireDue();
    }

    private void Remove(ManualTimer timer)
    {
        lock (_gate)
        {
            _timers.Remove(timer);
            timer.Due = Never;
            timer.Version++;
        }
    }

    private sealed class ManualTimer(ManualClock clock, TimerCallback callback, object? state) : ITimer
    {
        public readonly ManualClock Clock = clock;
        public readonly TimerCallback Callback = callback;
        public readonly object? State = state;
        public long Due = Never;
        public long Period;
        public int Version;

        public bool Change(TimeSpan dueTime, TimeSpan period) => Clock.Arm(this, dueTime, period);

        public void Dispose() => Clock.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
