using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>
/// The one place where a loop is observed. The engine reports each thing in one spot, behind one flag (<see cref="LoopCore.Heard"/>), and the wake path not at
/// all: what a step made ready is read off the end of the ready queue when it has ended.
/// </summary>
/// <remarks>Loop thread only, except <see cref="Add"/> and <see cref="Remove"/>.</remarks>
internal sealed partial class Instruments(LoopCore core)
{
    private readonly ReadyQueue ready = core.Ready;
    private readonly List<(long From, long To)> toldInside = [];      // what inner steps of the running one made ready
    private Instrument[] all = [];
    private Instrument[] ofBegins = [];      // those of them that listen to it; likewise the two below
    private Instrument[] ofEnds = [];
    private Instrument[] ofWaits = [];
    private long moment;              // loop time, as far as known
    private long told;                // of ReadyQueue.Put: what is before it was reported
    private Instrument? whole;        // the only one that listens to steps, if it takes them whole
    private volatile Whole inWhole;   // read on any thread
    private LoopContext? addedIn;     // the running step is not reported, because an instrument was attached in the middle of it
    private long visited;             // the current walk through the ready queue
    private long visitEnd;
    private LoopContext? visitBy;

    /// <summary>Whether an instrument has begun to count what a task does: until then a step need not look for the counts of its task.</summary>
    internal bool HasCounts;

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
            told = ready.Put;
            addedIn = core.Current;
            whole = addedIn is null ? whole : null;      // only from the next step but one on: whom this step wakes is reported with the next
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

    private void FindWhole() =>
        whole = Array.FindAll(all, static one => (one.Hears & Hearing.AnyOfSteps) != 0) is [{ TakesStepsWhole: true } only] ? only : null;

    private void Set(Instrument[] instruments)
    {
        all = instruments;
        ofBegins = Array.FindAll(all, static one => (one.Hears & Hearing.StepBegins) != 0);
        ofEnds = Array.FindAll(all, static one => (one.Hears & Hearing.StepEnds) != 0);
        ofWaits = Array.FindAll(all, static one => (one.Hears & Hearing.Waits) != 0);
        whole = null;
        inWhole = Whole.None;
        if (addedIn is null)
        {
            FindWhole();
        }

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
        if (!isInner && (told != ready.Put || addedIn is not null))
        {
            TellArrivals(item);
        }

        step = new HeardStep { Context = item.Context, Began = isInner && IsTimed ? core.Clock.Now : moment, FirstPut = ready.Put, IsInner = isInner };
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

        long put = ready.Put;
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
            inWhole = inWhole == Whole.None ? Whole.None : Whole.StepWithInner;
            return;
        }

        if (toldInside.Count > 0)
        {
            toldInside.Clear();
        }

        told = put;
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
        long put = ready.Put;
        if (told != put)
        {
            if (ofWaits.Length > 0)
            {
                if (taken is not null && ready.Taken > told && !IsToldInside(ready.Taken - 1))
                {
                    TellWoken(taken, addedIn);
                }

                TellWoken(told, put, addedIn);
            }

            told = put;
        }

        toldInside.Clear();
        if (addedIn is not null)
        {
            addedIn = null;
            FindWhole();
        }
    }

    /// <summary>Notes that the ready queue was reordered.</summary>
    internal void NoteShuffle() => told = ready.Put;

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

        int number = (int)Math.Min(ready.Put - from, ready.Count);
        if (number == 0)
        {
            return;
        }

        if (number == 1 && toldInside.Count == 0)
        {
            TellWoken(ready.Newest, by);      // as after most steps
            return;
        }

        visited = ready.Put - number;
        visitEnd = to;
        visitBy = by;
        ready.VisitLast(number, static (item, told) => told.Visit(item), this);
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

    /// <param name="now">The time.</param>
    internal void EndLook(long now)
    {
        moment = now;
        if ((core.Heard & Hearing.Looks) == 0)
        {
            return;
        }

        foreach (var one in all)
        {
            if ((one.Hears & Hearing.Looks) != 0)
            {
                one.OnLook(now);
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
        told = ready.Put;
        inWhole = Whole.None;
        toldInside.Clear();
        addedIn = null;
        FindWhole();
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
        inWhole = Whole.None;
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
