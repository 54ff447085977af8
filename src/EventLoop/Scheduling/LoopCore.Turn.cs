using System.Runtime.CompilerServices;
using EventLoop.Native;

namespace EventLoop.Scheduling;

// One turn of the loop:
//
//     take the inbox → look: move due timers to ready, then poll (0 if something is ready, else until the next deadline)
//                    → run the batch (what was ready when it began)
//
// Reading the clock costs more than a step. So while steps follow one another the clock and the poller are looked at only once in
// LookInterval steps; a loop that runs out of work looks at once.
internal abstract partial class LoopCore
{
    private const int LookInterval = 64;

    private readonly Random? shuffle;

    /// <summary>Whether batches run in an order other than that of the queue.</summary>
    internal bool IsShuffled => shuffle is not null;

    private int stepsSinceLook = LookInterval;
    private bool isMeasured;
    private long lookedAt;                   // the clock when it was last read; read on any thread
    private volatile bool isRunning;         // read on any thread

    private ICompletion? runsUntil;              // what the run waits for
    private volatile bool stopRequested;     // any thread
    private int sleeping;                    // any thread: 1 while the loop is parked, or about to be
    private bool lookAgain;                  // set on any thread; the loop takes it before it parks

    internal long Turns { get; private set; }

    internal long Steps { get; private set; }

    internal long Polls { get; private set; }

    /// <summary>How many times another thread had to write a wake-up.</summary>
    internal long WakeUps;

    internal bool IsRunning => isRunning;

    /// <summary>The system's number of the thread that runs the loop; zero: unknown. Any thread.</summary>
    internal int NativeThread { get; private set; }

    /// <summary>Whether the loop sleeps, or is about to. Any thread.</summary>
    internal bool IsParked => Volatile.Read(ref sleeping) != 0;

    /// <summary>An exception that must leave the run at once: a LoopExitException, or a second interrupt.</summary>
    internal Exception? ExitException
    {
        get => exitException;
        set
        {
            exitException = value;
            leftovers = value is null ? leftovers & ~Leftovers.Exit : leftovers | Leftovers.Exit;
        }
    }

    private Exception? exitException;

    /// <summary>Whether the run is to end after this turn. Any thread.</summary>
    internal bool IsStopRequested => stopRequested;

    /// <summary>Any thread.</summary>
    internal void RequestStop()
    {
        stopRequested = true;
        Interlocked.MemoryBarrier();
        WakeUp();
    }

    /// <summary>Any thread, after publishing what the loop has to see: at most one system call for each sleep of the loop.</summary>
    internal void WakeUp()
    {
        // The publishing exchange was a full fence: either the loop's last look sees the item, or its flag is seen here.
        if (Volatile.Read(ref sleeping) != 0 && Interlocked.Exchange(ref sleeping, 0) != 0)
        {
            Interlocked.Increment(ref WakeUps);
            Poller.Wake();
        }
    }

    /// <summary>
    /// Any thread, after a change that neither the inbox nor the stop flag shows, but that decides whether time stands still: a loop that has seen the old
    /// state, and is about to park, looks again.
    /// </summary>
    internal void WakeToLook()
    {
        Volatile.Write(ref lookAgain, true);
        Interlocked.MemoryBarrier();
        WakeUp();
    }

    // Taken by an exchange, so that what is looked at next is read after it.
    private bool ShallLookAgain() => Volatile.Read(ref lookAgain) && Interlocked.Exchange(ref lookAgain, false);

    /// <summary>Turns until <paramref name="end"/> is reached, someone calls Stop, or an exit exception is raised.</summary>
    /// <param name="end">Checked after each turn.</param>
    /// <param name="awaited">What the run waits for, if anything.</param>
    internal void Run<TEnd>(TEnd end, ICompletion? awaited)
        where TEnd : struct, IRunEnd
    {
        if (Running is not null)
        {
            Throw.NestedRun();
        }

        try
        {
            Enter();
            runsUntil = awaited;
            while (!end.IsReached)
            {
                Turn();
                if (stopRequested || ExitException is not null)
                {
                    return;
                }
            }
        }
        finally
        {
            runsUntil = null;
            stopRequested = false;      // a stop that came before the run has let one batch of it pass
            Interlocked.MemoryBarrier();      // before the caller looks why it was stopped: another thread says so first, and then asks for the stop
            Leave();
        }
    }

    private void Enter()
    {
        threadId = Environment.CurrentManagedThreadId;
        NativeThread = SystemThread.Current;
        stepsAtLook = Steps;
        BeginTime(NoteLook(Clock.Now));
        isAsleep = false;      // the poll may have thrown last time
        isRunning = true;
        Instruments.BeginRun();
        NotePresence();
        ThreadContexts.Enter();
        stepsSinceLook = LookInterval;
    }

    // The thread's state first. Whatever has ended the run, even in the middle of a step, the loop can be run again and the thread can run another one.
    private void Leave()
    {
        if (HasTurnEnd)
        {
            EndTurn(all: true);
        }

        ForgetPresence();
        ThreadContexts.Leave();
        Instruments.EndRun();
        long now = Clock.Now;
        EndStretch(now, Current);
        Current = null;
        Deferred = false;
        PendingThrow = null;
        StartDepth = 0;
        while (interruptedCount > 0)
        {
            PopInterrupted();
        }

        if (next is { } node)
        {
            next = null;
            Ready.Enqueue(node);
        }

        Volatile.Write(ref sleeping, 0);
        isRunning = false;
        EndTime(now);
        (Clock.Custom as IIdleClock)?.Left(this);
    }

    /// <summary>The latest look at the clock, in ticks of loop time. Any thread.</summary>
    internal long LookedAt => Volatile.Read(ref lookedAt);

    /// <summary>The same in milliseconds, in four bytes, which suffice for seven weeks: the time that a wait records.</summary>
    internal uint LookStamp { get; private set; }

    /// <summary>How long ago the look was that a wait has recorded, in ticks.</summary>
    internal static long SinceStamp(uint stamp, long now)
    {
        uint elapsed = (uint)(now / TimeSpan.TicksPerMillisecond) - stamp;
        const uint inTheFuture = uint.MaxValue - 3_600_000;      // a clock may have jumped back
        return elapsed >= inTheFuture ? 0 : (elapsed * TimeSpan.TicksPerMillisecond) + (now % TimeSpan.TicksPerMillisecond);
    }

    internal long NoteLook(long now)
    {
        Volatile.Write(ref lookedAt, now);
        LookStamp = (uint)(now / TimeSpan.TicksPerMillisecond);
        return now;
    }

    private void Turn()
    {
        AssertInvariants();
        Turns++;
        TakePosts();
        if (stepsSinceLook >= LookInterval || Ready.Count == 0)
        {
            if (Heard == Hearing.None)
            {
                Look();
            }
            else
            {
                Instruments.BeginLook();
                Instruments.EndLook(Look() ? lookedAt : Clock.Now);
            }
        }

        if (shuffle is not null)
        {
            Shuffle();
        }

        int batch = Ready.Count;
        stepsSinceLook += batch;
        for (; batch > 0; batch--)
        {
            Step(Ready.Dequeue());
            if (leftovers != Leftovers.None)
            {
                ForgetUntaken();
                if (ExitException is not null)
                {
                    return;
                }
            }
        }
    }

    private void Step(LoopItem item)
    {
        Steps++;
        budget = StepBudget;
        Install(item.Context);
        if ((Heard & Hearing.AnyOfSteps) != 0)
        {
            StepHeard(item);
            return;
        }

        item.Execute();
        if (next is not null)
        {
            Bounce();
        }
    }

    // Somebody asked an awaiter by hand whether it had completed and went away: what it left must not reach the next one who asks.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ForgetUntaken()
    {
        Deferred = false;
        PendingThrow = null;
    }

    // The trampoline.
    private void Bounce()
    {
        while (next is { } node)
        {
            next = null;
            Install(node.Context);
            node.Execute();
        }
    }

    private void StepHeard(LoopItem item)
    {
        if (Instruments.BeginWhole(item) is { } whole)
        {
            var context = item.Context;
            long put = Ready.Put;
            ExecuteHeard(item);
            Instruments.EndWhole(whole, item, context, put);
            return;
        }

        StepHeardInPieces(item);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void StepHeardInPieces(LoopItem item)
    {
        Instruments.BeginStep(item, isInner: false, out var step);
        ExecuteHeard(item);
        Instruments.EndStep(ref step);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ExecuteHeard(LoopItem item)
    {
        item.Execute();
        if (next is not null)
        {
            Bounce();
        }

        if (leftovers != Leftovers.None)
        {
            ForgetUntaken();      // what an instrument calls must not get it, either
        }
    }

    /// <summary>Makes the next turn look at the clock, whatever is ready.</summary>
    internal void LookSoon() => stepsSinceLook = LookInterval;

    // In the order of their deadlines. Alarms act here and now, callbacks in their step; so that no alarm overtakes a callback that is due before it, the rest
    // waits for the next turn, which looks again. False: nothing was due.
    private bool FireDue(long now)
    {
        if (Timers.Count == 0 || Timers.NextDue > now)
        {
            return false;
        }

        bool callbackMoved = false;
        while (Timers.Count > 0 && Timers.NextDue <= now)
        {
            if (callbackMoved && Timers.First.IsAlarm)
            {
                LookSoon();
                return true;
            }

            var item = Timers.RemoveFirst();
            callbackMoved |= item is CallbackItem;
            item.OnDue(this);
        }

        return true;
    }

    private void Shuffle()
    {
        Instruments.TellArrivals(null);
        var items = Ready.TakeAll();
        shuffle!.Shuffle(items);
        foreach (var item in items)
        {
            Ready.Enqueue(item);
        }

        Instruments.NoteShuffle();
    }
}
