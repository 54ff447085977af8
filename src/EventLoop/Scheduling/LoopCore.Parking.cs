using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

// The look at the clock, the timers and the poller; and if nothing is ready, how the loop parks until something is.
internal abstract partial class LoopCore
{
    // .NET's own timers accept at most about 49 days, and those of most providers are built on them. Waking early does no harm.
    private static readonly long LongestPark = TimeSpan.FromDays(30).Ticks;

    private static readonly long ShortestPark = TimeSpan.FromMilliseconds(20).Ticks;

    // By then the poster has written the wake-up, however busy the machine is.
    private static readonly TimeSpan LateWakeUp = TimeSpan.FromSeconds(1);

    private ITimer? parkTimer;               // wakes the loop at the next deadline of a custom clock

    /// <summary>In ticks: how often a loop that nobody wakes looks around, so that a lost wake-up is found.</summary>
    internal long LongestSleep { get; set; } = TimeSpan.FromSeconds(30).Ticks;

    /// <summary>Whether it has looked at everything, and sleeps. Any thread.</summary>
    internal bool IsAsleep => isAsleep;

    /// <summary>The state of its sleep, for the report of a loop that hangs. Any thread.</summary>
    internal string SleepState =>
        $"{(IsAsleep ? "asleep" : "awake")}{(IsAsleep && !IsParked ? ", its wake-up is under way or lost" : "")}, "
            + $"{(Inbox.IsEmpty ? "nothing" : "something")} in its inbox, {Ready.Count} ready, {Turns} turns, {Volatile.Read(ref WakeUps)} wake-ups";

    // Looks at the clock, the due timers, and the poller. True: nothing has happened since the clock was read.
    private bool Look()
    {
        stepsSinceLook = 0;
        var last = Current;
        Current = null;
        ThreadContexts.SetCurrent(null);
        ThreadContexts.RestoreFlow(null);
        if (HasTurnEnd)
        {
            EndTurn(all: false);
        }

        if (StepHistograms.IsHeard != isMeasured)
        {
            isMeasured = !isMeasured;
            MeasureChanged?.Invoke(isMeasured);
        }

        long now = Clock.Now;
        EndStretch(now, last);
        NoteLook(now);
        FireDue(now);
        if (Ready.Count > 0)
        {
            Polls++;
            Poller.Poll(0);
            return false;
        }

        bool isParkingHeard = (Heard & Hearing.Parking) != 0;
        OnNothingReady(isParkingHeard);

        if (runsUntil is { IsCompleted: true })
        {
            return true;      // what came in, or an alarm, has ended the run, and nobody else waited for it
        }

        if (isParkingHeard && Inbox.IsEmpty && FoundWorkBeforePark())
        {
            NoteIdle(now, Math.Max(0, NoteLook(Clock.Now) - now));      // the time that a virtual clock has jumped over

            // What it made ready goes first: an alarm that is due after a callback waits for the next turn.
            if (Ready.Count == 0)
            {
                FireDue(Clock.Now);
            }

            return false;
        }

        if (isParkingHeard)
        {
            Instruments.TellParking();
        }

        Volatile.Write(ref sleeping, 1);
        Interlocked.MemoryBarrier();
        if (Inbox.IsEmpty && !stopRequested && !ShallLookAgain())
        {
            Polls++;
            BeginPark(now);
            ParkBlockedWaitingForWork(now);
            isAsleep = false;
        }

        Volatile.Write(ref sleeping, 0);
        TakePosts();
        long woken = NoteLook(Clock.Now);
        NoteIdle(now, Math.Max(0, woken - now));
        return !FireDue(woken);      // a million timers take a while
    }

    private void NoteIdle(long began, long duration)
    {
        AddIdle(duration);
        if ((Heard & Hearing.Looks) != 0)
        {
            Instruments.TellIdle(began, duration);
        }
    }

    private bool FoundWorkBeforePark()
    {
        try
        {
            return Instruments.FindWork(Timers.Count > 0 ? Timers.NextDue : LoopClock.Never);
        }
        catch (Exception failure)
        {
            OnTimerFailed(failure);      // of a timer that foreign code has set on the virtual clock
            return true;
        }
    }

    // Never inlined and named accordingly, so that profilers can subtract idle time.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ParkBlockedWaitingForWork(long now)
    {
        long until = Timers.Count > 0 ? Timers.NextDue : LoopClock.Never;
        if (until == LoopClock.Never)
        {
            PollAwhile();
            return;
        }

        if (Clock.Custom is { } provider)
        {
            // A custom clock: only its own timers know when the time has come.
            for (int attempt = 0; attempt < 2; attempt++)
            {
                if (!TrySetParkTimer(provider, Math.Min(LoopClock.Add(until, -now), LongestPark)))
                {
                    Poller.Poll(Math.Clamp(LoopClock.Add(until, -now), 0, ShortestPark));
                    return;
                }

                long read = Clock.Now;
                if (read >= until)
                {
                    return;
                }

                if (read == now)
                {
                    break;
                }

                now = read;      // another thread has moved the time, and the timer with it, since it was read: set it again
            }

            if (Volatile.Read(ref sleeping) != 0)
            {
                PollAwhile();
            }

            return;
        }

        if (until - now > LongestSleep)
        {
            PollAwhile();
        }
        else
        {
            Poller.Poll(Math.Max(0, until - now));
        }
    }

    // Each sleep is ended by one wake-up. If that is lost (somebody closed a descriptor that was not theirs but the loop's), no later post would write
    // another.
    private void PollAwhile()
    {
        long began = Stopwatch.GetTimestamp();
        Poller.Poll(LongestSleep);
        if (Inbox.IsEmpty || poolWakeUp is { IsQueued: true } || Stopwatch.GetElapsedTime(began).Ticks < LongestSleep)
        {
            return;
        }

        began = Stopwatch.GetTimestamp();
        Poller.Poll(LateWakeUp.Ticks);      // it may have been posted this very moment
        if (Stopwatch.GetElapsedTime(began) >= LateWakeUp)
        {
            Poller.RenewWake();
            OnWakeUpLost();
        }
    }

    // False if the provider cannot do it: then the loop keeps checking whether the time has come.
    private bool TrySetParkTimer(TimeProvider provider, long delay)
    {
        try
        {
            parkTimer ??= provider.CreateTimer(static core => ((LoopCore)core!).WakeUp(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return parkTimer.Change(TimeSpan.FromTicks(Math.Max(0, delay)), Timeout.InfiniteTimeSpan) && !Clock.IsBroken;
        }
        catch (Exception failure)
        {
            Clock.NoteFailure(failure);
            return false;
        }
    }

    private void DropParkTimer()
    {
        try
        {
            parkTimer?.Dispose();
        }
        catch (Exception failure)
        {
            Clock.NoteFailure(failure);
        }
    }
}
