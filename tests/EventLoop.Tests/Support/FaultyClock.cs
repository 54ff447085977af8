namespace EventLoop.Tests.Support;

/// <summary>The system's time, by a provider that throws, or answers nonsense, when it is told to.</summary>
public sealed class FaultyClock : TimeProvider
{
    private long _readings;

    /// <summary>Which reading is answered with a failure; counts from 1.</summary>
    public Func<long, bool> FailsAt { get; set; } = static _ => false;

    /// <summary>What is added to the time, in ticks of the clock, at each reading.</summary>
    public Func<long, long> Shift { get; set; } = static _ => 0;

    public bool TimersFail { get; set; }

    public bool TimersAreNull { get; set; }

    public bool TimersRefuse { get; set; }

    public long Readings => Volatile.Read(ref _readings);

    public static bool IsItsFailure(Exception exception) => exception is NotSupportedException { Message: "the clock is broken" };

    public override long GetTimestamp()
    {
        long reading = Interlocked.Increment(ref _readings);
        return FailsAt(reading) ? throw Failure() : unchecked(base.GetTimestamp() + Shift(reading));
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        TimersAreNull ? null! : new Timer(this, base.CreateTimer(callback, state, dueTime, period));

    private static NotSupportedException Failure() => new("the clock is broken");

    private sealed class Timer(FaultyClock clock, ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) =>
            clock.TimersFail ? throw Failure() : !clock.TimersRefuse && timer.Change(dueTime, period);

        public void Dispose()
        {
            timer.Dispose();
            if (clock.TimersFail)
            {
                throw Failure();
            }
        }

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
