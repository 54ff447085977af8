using EventLoop.Scheduling;

namespace EventLoop.Testing;

/// <summary>A clock that moves only when told to, or, with <see cref="AutoJump"/>, to the next deadline when nothing is ready and nothing is in
/// flight.</summary>
/// <remarks>
/// <para>Loop timers, sleeps and timeouts of a loop made with it (<see cref="LoopOptions.TimeProvider"/>) run on it, and so does everything of .NET that takes
/// a <see cref="TimeProvider"/>: <c>Task.Delay(delay, clock)</c>, <see cref="PeriodicTimer"/>, <see cref="CancellationTokenSource"/>. Deadlines are reached
/// one by one, equal ones in the order in which they were set, by whomever.</para>
/// <para>Executor work is in flight, as is what the library itself does on other threads (resolving names, TLS handshakes while they compute, closing files)
/// and what was announced by <see cref="TestLoop.HoldTime(Task)"/>: time stands still until it is back. With I/O registered at the loop's poller, or a child
/// process running, time stands still, too, unless <see cref="IoPatience"/> says otherwise.</para>
/// <para><b>Thread:</b> any. Timers fire on the thread that moves the time, usually the loop's. Several loops may share a clock; while more than one of them
/// is running, time moves only by hand.</para>
/// <para>Trio: <c>MockClock</c>.</para>
/// </remarks>
public sealed partial class VirtualClock : TimeProvider
{
    private readonly DateTimeOffset start;
    private readonly Lock gate = new();                            // guards the timers, the loops and elapsed, which any thread may read
    private long elapsed;
    private int inhibitors;
    private bool autoJump = true;

    /// <summary>Makes a clock that stands still at <paramref name="start"/>.</summary>
    /// <param name="start">What <see cref="GetUtcNow"/> returns first, in UTC; null: the beginning of the year 2000.</param>
    public VirtualClock(DateTimeOffset? start = null) =>
        this.start = start?.ToUniversalTime() ?? new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Whether time moves to the next deadline by itself when nothing is ready and nothing is in flight.</summary>
    public bool AutoJump
    {
        get => Volatile.Read(ref autoJump);
        set
        {
            Volatile.Write(ref autoJump, value);
            WakeLoops();
        }
    }

    /// <summary>How long, in real time, registered I/O has to be quiet before time jumps over it; null: time does not jump while any is registered.</summary>
    public TimeSpan? IoPatience { get; set; }

    /// <summary>Virtual time since the clock was made.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(GetTimestamp());

    /// <summary>Ticks of 100 ns, so that every <see cref="TimeSpan"/> is exact.</summary>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>UTC, on every machine.</summary>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    internal bool IsHeld => !AutoJump || Volatile.Read(ref inhibitors) > 0;

    /// <summary>A clock for another run: it starts at what this one shows, and is set as this one is.</summary>
    internal VirtualClock Another() => new(GetUtcNow()) { AutoJump = AutoJump, IoPatience = IoPatience };

    /// <inheritdoc/>
    public override long GetTimestamp() => Volatile.Read(ref elapsed);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        long room = (DateTimeOffset.MaxValue - start).Ticks;
        return start.AddTicks(Math.Min(GetTimestamp(), room));
    }

    /// <summary>Stops time until the result is disposed.</summary>
    /// <returns>A hold; holds may be nested and overlap; disposing is idempotent.</returns>
    public IDisposable Inhibit()
    {
        Interlocked.Increment(ref inhibitors);
        return new Inhibition(this);
    }

    /// <summary>Moves time forward, from deadline to deadline.</summary>
    /// <param name="by">Zero or more.</param>
    /// <remarks>
    /// <para>Called between the runs of a hand-driven loop, or on a thread other than the loop's, it lets the loop run after each deadline until it has
    /// nothing to do, and returns when that is so after the last. On another thread it does not wait for work in executors or elsewhere that is in flight (it
    /// may be called by such work), and for a loop that is always busy it waits ten seconds of real time at the most, each time.</para>
    /// <para>Called inside a step of the loop it cannot let others run: timers of foreign code fire inside the call, and what the loop's own timers wake runs
    /// in the next turn. <see cref="AdvanceAsync"/> is the form that lets others run.</para>
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="by"/> is negative.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        long target = Add(GetTimestamp(), by.Ticks);
        while (Step(target))
        {
        }

        MoveTo(target);
        Drain();
    }

    /// <summary>Moves time to the next deadline, whosever it is, and lets it take effect as <see cref="Advance"/> does.</summary>
    /// <returns>False if no timer is set.</returns>
    public bool AdvanceToNextTimer()
    {
        bool moved = Step(LoopClock.Never - 1);
        Drain();
        return moved;
    }

    /// <summary>Moves time forward from inside the loop, from deadline to deadline, and lets everything else run after each until it is idle; time does not
    /// jump meanwhile.</summary>
    /// <param name="by">Zero or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="by"/> is negative.</exception>
    public Coroutine AdvanceAsync(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        return Steps(this, by);

        static async Coroutine Steps(VirtualClock clock, TimeSpan by)
        {
            using var hold = clock.Inhibit();
            long target = Add(clock.GetTimestamp(), by.Ticks);
            await TestLoop.WaitUntilIdle();
            while (clock.Jump(LoopCore.Required, target))
            {
                await TestLoop.WaitUntilIdle();
            }

            clock.MoveTo(target);
        }
    }

    private sealed class Inhibition(VirtualClock clock) : IDisposable
    {
        private int disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0)
            {
                Interlocked.Decrement(ref clock.inhibitors);
                clock.WakeLoops();
            }
        }
    }
}
