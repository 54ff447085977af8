using EventLoop.Scheduling;

namespace EventLoop.Testing;

/// <summary>A clock that moves only when told, or, with <see cref="AutoJump"/>, to the next deadline when nothing is ready and nothing is in flight.</summary>
/// <remarks>
/// <para>Loop timers, sleeps and timeouts of a loop made with it (<see cref="LoopOptions.TimeProvider"/>) run on it, and so does everything of .NET that takes a <see cref="TimeProvider"/>:
/// <c>Task.Delay(delay, clock)</c>, <see cref="PeriodicTimer"/>, <see cref="CancellationTokenSource"/>. Deadlines come one by one, equal ones in the order in which they were set, whoever set them.</para>
/// <para>In flight are executor work, and what was announced by <see cref="TestLoop.HoldTime(Task)"/>: time stands still until it is back. With I/O registered at the loop's poller time stands still, too, unless <see cref="IoPatience"/> says otherwise.</para>
/// <para><b>Thread:</b> any. Timers fire on the thread that moves the time: the loop's, as a rule.
/// Several loops may share a clock; while more than one of them runs, time moves only by hand.</para>
/// <para>Trio: <c>MockClock</c>.</para>
/// </remarks>
public sealed class VirtualClock : TimeProvider, IIdleClock
{
    private static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(10);

    private readonly DateTimeOffset start;
    private readonly Lock gate = new();                            // guards what follows, but for elapsed, which any thread may read
    private readonly SortedSet<VirtualTimer> timers = new(VirtualTimer.ByDeadline);
    private readonly List<Client> clients = [];
    private long elapsed;
    private long serial;
    private int inhibitors;
    private bool autoJump = true;

    /// <summary>A clock that stands still at <paramref name="start"/>.</summary>
    /// <param name="start">What <see cref="GetUtcNow"/> says first; null: the beginning of the year 2000.</param>
    public VirtualClock(DateTimeOffset? start = null) => this.start = start ?? new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Whether time goes to the next deadline by itself when nothing is ready and nothing is in flight.</summary>
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

    /// <summary>Ticks of 100 ns, so that every <see cref="TimeSpan"/> is exact.</summary>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>UTC, on every machine.</summary>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    internal bool IsHeld => !AutoJump || Volatile.Read(ref inhibitors) > 0;

    /// <inheritdoc/>
    public override long GetTimestamp() => Volatile.Read(ref elapsed);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        long room = (DateTimeOffset.MaxValue - start).Ticks;
        return start.AddTicks(Math.Min(GetTimestamp(), room));
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Holds time still until disposed.</summary>
    /// <returns>Holds may be nested and overlap; disposing one twice does nothing.</returns>
    public IDisposable Inhibit()
    {
        Interlocked.Increment(ref inhibitors);
        return new Inhibition(this);
    }

    /// <summary>Moves time on, from deadline to deadline.</summary>
    /// <param name="by">Zero or more.</param>
    /// <remarks>
    /// <para>Called between the runs of a hand-driven loop, or from another thread than the loop's, it lets the loop run until it has nothing to do after each deadline, and returns when that is so after the last.</para>
    /// <para>Called inside a step of the loop it cannot let others run: timers of foreign code fire inside the call, what the loop's own timers wake runs in the next turn. <see cref="AdvanceAsync"/> is the form that lets others run.</para>
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

    /// <summary>Moves time to the next deadline, whosever it is, and lets it happen as <see cref="Advance"/> does.</summary>
    /// <returns>False when no timer is set.</returns>
    public bool AdvanceToNextTimer()
    {
        bool moved = Step(LoopClock.Never - 1);
        Drain();
        return moved;
    }

    /// <summary>Moves time on from inside the loop, from deadline to deadline, and lets everything else run until it is idle after each; time does not jump meanwhile.</summary>
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

    void IIdleClock.Attach(LoopCore core)
    {
        lock (gate)
        {
            clients.RemoveAll(static client => client.Core.Loop.IsClosed);
            clients.Add(new Client(core, elapsed - core.Clock.Now));
        }

        core.BeforePark = next => OnIdle(core, next);
    }

    internal bool HasTimers => TimerCount > 0;

    // ---- A loop has nothing to do

    private bool OnIdle(LoopCore core, long next)
    {
        Client client;
        bool alone = true;
        lock (gate)
        {
            client = ClientOf(core);
            client.NextDue = client.Absolute(next);
            foreach (var other in clients)
            {
                alone &= ReferenceEquals(other.Core, core) || !other.Core.IsRunning;
            }
        }

        if (client.Draining && !core.InFlight)
        {
            core.RequestStop();
            return true;
        }

        bool held = IsHeld || core.InFlight || !alone;
        if (!core.Inbox.IsEmpty)
        {
            return true;      // what was in flight when the inbox was looked at has landed
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

        client.AnswerNudges();
        return false;
    }

    // ---- Moving

    // One deadline on, if there is one up to the limit, and whoever drives the loops lets them see it.
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

    /// <summary>To the earliest deadline of this loop and of foreign timers, and all that is due then, in order.</summary>
    private bool Jump(LoopCore core, long limit)
    {
        long due = NextDue(core);
        if (due > limit)
        {
            return false;
        }

        MoveTo(due);
        var context = core.Current;
        var flow = core.Ambience.CaptureFlow();
        core.Install(null);
        try
        {
            Fire(core, due);
        }
        finally
        {
            core.Install(context);
            core.Ambience.RestoreFlow(flow);
        }

        return true;
    }

    // With the loop: it is ours to ask, and its own park timer does not count. Without: the deadlines that the loops told when they went idle.
    private long NextDue(LoopCore? core)
    {
        lock (gate)
        {
            if (core is not null)
            {
                long foreign = timers.FirstOrDefault(timer => !ReferenceEquals(timer.Wakes, core))?.Due ?? LoopClock.Never;
                return core.Timers.Count > 0 ? Math.Min(foreign, ClientOf(core).Absolute(core.Timers.NextDue)) : foreign;
            }

            long due = timers.FirstOrDefault(static timer => timer.Wakes is null)?.Due ?? LoopClock.Never;
            foreach (var client in clients)
            {
                bool tells = client.Core.IsRunning || (client.Core.IsInLoopThread && !client.Core.Loop.IsClosed);
                if (tells && client.NextDue > elapsed)
                {
                    due = Math.Min(due, client.NextDue);
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

                bool loopFirst = core is { Timers.Count: > 0 } && ClientOf(core).Absolute(core.Timers.NextDue) is var loopDue && loopDue <= due
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

    private Client ClientOf(LoopCore core) => clients.Find(one => ReferenceEquals(one.Core, core))!;

    private static long Add(long ticks, long more) => more > LoopClock.Never - 1 - ticks ? LoopClock.Never - 1 : ticks + more;

    // ---- From outside: until every loop on this clock has nothing to do

    private void Drain()
    {
        if (LoopCore.Running is { } here && ReferenceEquals(here.Clock.Custom, this))
        {
            return;
        }

        Client[] all;
        lock (gate)
        {
            all = [.. clients];
        }

        foreach (var client in all)
        {
            if (client.Core.IsRunning)
            {
                WaitUntilIdle(client);
            }
            else if (client.Core.IsInLoopThread && !client.Core.Loop.IsClosed && LoopCore.Running is null)
            {
                client.Draining = true;
                client.Core.Run(null);
                client.Draining = false;
            }
        }
    }

    private static void WaitUntilIdle(Client client)
    {
        // It runs on another thread: something to take makes it turn once more, and find itself idle after that.
        var nudge = new Nudge(client);
        if (client.Core.TryPost(nudge))
        {
            long start = Environment.TickCount64;
            while (!nudge.Idle.Wait(5) && client.Core.IsRunning && Environment.TickCount64 - start < LongestDrain.TotalMilliseconds)
            {
                // its run may end before it is idle
            }
        }
    }

    private void WakeLoops()
    {
        lock (gate)
        {
            foreach (var client in clients)
            {
                client.Core.WakeUp();
            }
        }
    }

    // ---- For the timers

    internal void Set(VirtualTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        bool now = false;
        lock (gate)
        {
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
    }

    internal void Insert(VirtualTimer timer, long due)
    {
        timer.Due = due;
        timer.Serial = ++serial;
        timer.Owner = LoopCore.Running is { } core && ReferenceEquals(core.Clock.Custom, this) ? core : null;
        timer.Sequence = timer.Owner?.Timers.ReserveSequence() ?? 0;
        timers.Add(timer);
    }

    internal void Remove(VirtualTimer timer)
    {
        lock (gate)
        {
            timers.Remove(timer);
        }
    }

    // A timer without delay does not wait for the loop to be idle.
    private void FireSoon()
    {
        LoopCore? running;
        lock (gate)
        {
            running = clients.Find(static client => client.Core.IsRunning)?.Core;
        }

        if (running is null || !running.TryPost(CallbackItem<VirtualClock>.Create(static clock => clock.Fire(null, clock.GetTimestamp()), this, running.BaseContext)))
        {
            ThreadPool.UnsafeQueueUserWorkItem(static clock => clock.Fire(null, clock.GetTimestamp()), this, preferLocal: false);
        }
    }

    /// <summary>A loop that was made with this clock.</summary>
    private sealed class Client(LoopCore core, long origin)
    {
        private readonly List<Nudge> nudges = [];      // loop thread

        internal LoopCore Core => core;

        /// <summary>Loop time on the clock's scale.</summary>
        internal long Absolute(long loopTicks) => loopTicks == LoopClock.Never ? LoopClock.Never : Add(loopTicks, origin);

        internal void Take(Nudge nudge) => nudges.Add(nudge);

        internal void AnswerNudges()
        {
            foreach (var nudge in nudges)
            {
                nudge.Idle.Set();
            }

            nudges.Clear();
        }

        /// <summary>The loop's next deadline on the clock's scale, as of its last idle moment. Guarded by the gate.</summary>
        internal long NextDue { get; set; } = LoopClock.Never;

        /// <summary>Loop thread only: its run shall end when nothing is left to do.</summary>
        internal bool Draining { get; set; }
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

    /// <summary>Makes a parked loop look around, and is told when it has nothing left to do.</summary>
    private sealed class Nudge(Client client) : LoopItem
    {
        internal readonly ManualResetEventSlim Idle = new();

        internal override void OnArrived(LoopCore core) => client.Take(this);

        internal override void OnRejected(LoopCore core) => Idle.Set();

        internal override void Execute()
        {
        }
    }
}
