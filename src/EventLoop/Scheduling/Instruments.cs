using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>
/// The one place where a loop is observed. The engine reports each thing in one spot, behind one flag (<see cref="LoopCore.Heard"/>), and the wake path not at
/// all: what a step made ready is read off the end of the ready queue when it has ended.
/// </summary>
/// <remarks>Loop thread only, except <see cref="Add"/> and <see cref="Remove"/>.</remarks>
internal sealed class Instruments(LoopCore core)
{
    private readonly List<(long From, long To)> toldInside = [];      // what inner steps of the running one made ready
    private Instrument[] all = [];
    private Instrument[] ofBegins = [];      // those of them that listen to it; likewise the two below
    private Instrument[] ofEnds = [];
    private Instrument[] ofWaits = [];
    private long moment;              // loop time, as far as known
    private long told;                // of ReadyQueue.Put: what is before it was reported
    private Instrument? whole;        // the only one that listens to steps, if it takes them whole
    private volatile bool isInWhole;  // whether a step runs of which it is told afterwards; read on any thread
    private LoopContext? addedIn;     // the running step is not reported, because an instrument was attached in the middle of it
    private long visited;             // the current walk through the ready queue
    private long visitEnd;
    private LoopContext? visitBy;

    /// <summary>Attaches an instrument. Any thread; on a thread other than the loop's it takes effect within a turn.</summary>
    /// <param name="instrument">Not attached yet.</param>
    /// <param name="hears">What it listens to.</param>
    /// <param name="first">Whether it is notified, and asked, before all others.</param>
    internal void Add(Instrument instrument, Hearing hears, bool first = false) => Change(() =>
    {
        instrument.Hears = hears;
        bool isFirstOfSteps = (core.Heard & Hearing.AnyOfSteps) == 0;
        Set(first ? [instrument, .. all] : [.. all, instrument]);
        if (isFirstOfSteps)
        {
            moment = core.Clock.Now;
            told = core.Ready.Put;
            addedIn = core.Current;
        }
    });

    /// <summary>Detaches an instrument, which is not notified any more from now on. Any thread; unless called on the loop's thread, the loop still pays for it
    /// until its next turn.</summary>
    internal void Remove(Instrument instrument)
    {
        instrument.Hears = Hearing.None;
        Change(() => Set(Array.FindAll(all, one => !ReferenceEquals(one, instrument))));
    }

    private void Change(Action change)
    {
        if (core.IsInLoopThread)
        {
            change();
        }
        else
        {
            core.TryPost(new Switch(change));
        }
    }

    private void Set(Instrument[] instruments)
    {
        all = instruments;
        ofBegins = Array.FindAll(all, static one => (one.Hears & Hearing.StepBegins) != 0);
        ofEnds = Array.FindAll(all, static one => (one.Hears & Hearing.StepEnds) != 0);
        ofWaits = Array.FindAll(all, static one => (one.Hears & Hearing.Waits) != 0);
        whole = Array.FindAll(all, static one => (one.Hears & Hearing.AnyOfSteps) != 0) is [{ TakesStepsWhole: true } only] ? only : null;
        isInWhole = false;
        core.Heard = instruments.Aggregate(Hearing.None, static (heard, one) => heard | one.Hears);
    }

    // ---- Tasks

    internal void TellTaskMade(LoopContext task)
    {
        foreach (var one in all)
        {
            if ((one.Hears & Hearing.Tasks) != 0)
            {
                one.OnTaskMade(task, core.Current);
            }
        }
    }

    internal void TellTaskEnded(LoopContext task)
    {
        foreach (var one in all)
        {
            if ((one.Hears & Hearing.Tasks) != 0)
            {
                one.OnTaskEnded(task);
            }
        }
    }

    internal void TellCanceled(LoopContext task, object how)
    {
        foreach (var one in all)
        {
            if ((one.Hears & Hearing.Cancellations) != 0)
            {
                one.OnCanceled(task, how);
            }
        }
    }

    // ---- Steps

    internal void BeginStep(LoopItem item, bool isInner, out HeardStep step)
    {
        if (!isInner && (told != core.Ready.Put || addedIn is not null))
        {
            TellArrivals(item);
        }

        step = new HeardStep { Context = item.Context, Began = isInner && IsTimed ? core.Clock.Now : moment, FirstPut = core.Ready.Put, IsInner = isInner };
        foreach (var one in ofBegins)
        {
            if ((one.Hears & Hearing.StepBegins) != 0)
            {
                one.OnStepBegin(item, step);
            }
        }
    }

    internal void EndStep(ref HeardStep step)
    {
        if (IsTimed)
        {
            long now = core.Clock.Now;
            step.Duration = Math.Max(0, now - step.Began);      // a clock may have jumped back
            moment = now;
        }

        long put = core.Ready.Put;
        var left = core.Current;
        foreach (var one in ofEnds)
        {
            if ((one.Hears & Hearing.StepEnds) != 0)
            {
                one.OnStepEnd(step);
            }
        }

        if ((core.Heard & Hearing.Parks) != 0 && left?.NewestWait is { } node)
        {
            TellParked(left, node);
        }

        if (ofWaits.Length > 0)
        {
            TellWoken(step.FirstPut, put, step.Context);
        }

        if (step.IsInner)
        {
            toldInside.Add((step.FirstPut, put));
            return;
        }

        if (toldInside.Count > 0)
        {
            toldInside.Clear();
        }

        told = put;
    }

    // ---- Steps that one instrument takes whole: the same, in fewer instructions

    /// <summary>Whether a step runs that will be reported as a whole. Any thread.</summary>
    internal bool IsInWhole => isInWhole;

    /// <summary>The instrument to which the step that begins is reported when it has ended; null: it is reported piece by piece.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Instrument? BeginWhole(LoopItem item)
    {
        if (whole is not { } one)
        {
            return null;
        }

        if (told != core.Ready.Put || addedIn is not null)
        {
            TellArrivals(item);
        }

        isInWhole = true;
        return one;
    }

    /// <param name="one">What the beginning has returned.</param>
    /// <param name="context">Where the step began.</param>
    /// <param name="firstPut">On the scale of <see cref="ReadyQueue.Put"/>, when it began.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EndWhole(Instrument one, LoopContext? context, long firstPut)
    {
        if (one.Hears != Hearing.None)
        {
            one.OnStep(context, firstPut);
        }

        if (toldInside.Count > 0)
        {
            toldInside.Clear();
        }

        told = core.Ready.Put;
        isInWhole = false;
    }

    /// <summary>Loop time, as far as known: the end of the latest step where steps are timed, otherwise the latest look. Loop thread; read on any.</summary>
    internal long Moment
    {
        get => Volatile.Read(ref moment);
        set => moment = value;
    }

    private bool IsTimed => (core.Heard & Hearing.Times) != 0;

    /// <summary>Reports what has become ready since the last step: by timers, I/O, posts.</summary>
    /// <param name="taken">The item that was already taken out of the ready queue; null: none.</param>
    internal void TellArrivals(LoopItem? taken)
    {
        long put = core.Ready.Put;
        if (told != put)
        {
            if (ofWaits.Length > 0)
            {
                if (taken is not null && core.Ready.Taken > told && !IsToldInside(core.Ready.Taken - 1))
                {
                    TellWoken(taken, addedIn);
                }

                TellWoken(told, put, addedIn);
            }

            told = put;
        }

        addedIn = null;
        toldInside.Clear();
    }

    /// <summary>Notes that the ready queue was reordered.</summary>
    internal void NoteShuffle() => told = core.Ready.Put;

    private void TellParked(LoopContext context, WaitNode node)
    {
        foreach (var one in all)
        {
            if ((one.Hears & Hearing.Parks) != 0)
            {
                one.OnParked(context, node);
            }
        }
    }

    /// <summary>Reports who was woken by what was put into the ready queue between two moments, in steps that were not reported yet.</summary>
    internal void TellWoken(long from, long to, LoopContext? by)
    {
        if (from == to)
        {
            return;
        }

        int number = (int)Math.Min(core.Ready.Put - from, core.Ready.Count);
        if (number == 0)
        {
            return;
        }

        if (number == 1 && toldInside.Count == 0)
        {
            TellWoken(core.Ready.Newest, by);      // as after most steps
            return;
        }

        visited = core.Ready.Put - number;
        visitEnd = to;
        visitBy = by;
        core.Ready.VisitLast(number, static (item, told) => told.Visit(item), this);
    }

    private void Visit(LoopItem item)
    {
        if (visited < visitEnd && !IsToldInside(visited))
        {
            TellWoken(item, visitBy);
        }

        visited++;
    }

    private void TellWoken(LoopItem item, LoopContext? by)
    {
        if (item.Context is not { Owner: not null } woken)
        {
            return;
        }

        var how = item.WakesUp;
        if (how == WakeUp.None)
        {
            return;
        }

        var waker = how == WakeUp.ByItself ? woken : by;
        foreach (var one in ofWaits)
        {
            if ((one.Hears & Hearing.Waits) != 0)
            {
                one.OnWoken(woken, waker);
            }
        }
    }

    private bool IsToldInside(long position) => toldInside.Count > 0 && toldInside.Exists(range => range.From <= position && position < range.To);

    // ---- Looks, and a loop that has nothing to do

    internal void BeginLook()
    {
        if ((core.Heard & Hearing.AnyOfSteps) != 0)
        {
            TellArrivals(null);      // what the last step of an unobserved batch made ready was not made ready by the look
        }
    }

    internal void EndLook()
    {
        moment = core.Clock.Now;
        if ((core.Heard & Hearing.Looks) == 0)
        {
            return;
        }

        foreach (var one in all)
        {
            if ((one.Hears & Hearing.Looks) != 0)
            {
                one.OnLook(moment);
            }
        }
    }

    internal void TellIdle(long began, long duration)
    {
        foreach (var one in all)
        {
            if ((one.Hears & Hearing.Looks) != 0)
            {
                one.OnIdle(began, duration);
            }
        }
    }

    internal bool FindWork(long nextDue)
    {
        foreach (var one in all)
        {
            if ((one.Hears & Hearing.Parking) != 0 && one.FindsWork(nextDue))
            {
                return true;
            }
        }

        return false;
    }

    internal void TellParking()
    {
        foreach (var one in all)
        {
            if ((one.Hears & Hearing.Parking) != 0)
            {
                one.OnParking();
            }
        }
    }

    internal void BeginRun()
    {
        moment = core.Clock.Now;
        told = core.Ready.Put;
        addedIn = null;
        isInWhole = false;
        toldInside.Clear();
        foreach (var one in all)
        {
            if ((one.Hears & Hearing.Runs) != 0)
            {
                one.OnRunBegin();
            }
        }
    }

    internal void EndRun()
    {
        isInWhole = false;
        foreach (var one in all)
        {
            if ((one.Hears & Hearing.Runs) != 0)
            {
                one.OnRunEnd();
            }
        }
    }

    /// <summary>Arrives without being a step.</summary>
    private sealed class Switch(Action change) : LoopItem
    {
        internal override void OnArrived(LoopCore core) => change();

        internal override void Execute()
        {
        }
    }
}
