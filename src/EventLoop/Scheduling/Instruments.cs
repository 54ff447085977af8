namespace EventLoop.Scheduling;

/// <summary>
/// The one place where a loop is heard. The engine tells of each thing in one spot, behind one flag (<see cref="LoopCore.Heard"/>), and the wake path not at
/// all: what a step made ready is read off the end of the ready queue when it is over.
/// </summary>
/// <remarks>Loop thread only, but for <see cref="Add"/> and <see cref="Remove"/>.</remarks>
internal sealed class Instruments(LoopCore core)
{
    private readonly List<(long From, long To)> toldInside = [];      // what inner steps of the one that runs made ready
    private Instrument[] all = [];
    private long moment;              // loop time, as far as it is known
    private long told;                // of ReadyQueue.Put: what stands before it was told
    private LoopContext? addedIn;     // the step that runs is not heard, because somebody was attached in the middle of it
    private long visited;             // the way through the ready queue that is under way
    private long visitEnd;
    private LoopContext? visitBy;

    /// <summary>Any thread; on another than the loop's it takes effect within a turn.</summary>
    /// <param name="instrument">Not attached now.</param>
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

    /// <summary>Any thread: it hears nothing more from now on. On any thread but the loop's, the loop still pays for it until its next turn.</summary>
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

    internal HeardStep BeginStep(LoopItem item, bool isInner)
    {
        if (!isInner)
        {
            TellArrivals(item);
        }

        var step = new HeardStep(item.Context, isInner && IsTimed ? core.Clock.Now : moment, core.Ready.Put, isInner);
        foreach (var one in all)
        {
            if ((one.Hears & Hearing.StepBegins) != 0)
            {
                one.OnStepBegin(item, step);
            }
        }

        return step;
    }

    internal void EndStep(in HeardStep begun)
    {
        var step = begun;
        if (IsTimed)
        {
            long now = core.Clock.Now;
            step = begun with { Duration = Math.Max(0, now - begun.Began) };      // a clock may have jumped back
            moment = now;
        }

        long put = core.Ready.Put;
        var left = core.Current;
        foreach (var one in all)
        {
            if ((one.Hears & Hearing.StepEnds) != 0)
            {
                one.OnStepEnd(step);
            }
        }

        if ((core.Heard & Hearing.Waits) != 0)
        {
            if (left?.NewestWait is { } node)
            {
                TellParked(left, node);
            }

            TellWoken(step.FirstPut, put, step.Context);
        }

        if (step.IsInner)
        {
            toldInside.Add((step.FirstPut, put));
        }
        else
        {
            toldInside.Clear();
            told = put;
        }
    }

    private bool IsTimed => (core.Heard & Hearing.Times) != 0;

    /// <summary>What has become ready since the last step: by timers, I/O, posts.</summary>
    /// <param name="taken">It was taken out of the ready queue already.</param>
    internal void TellArrivals(LoopItem? taken)
    {
        long put = core.Ready.Put;
        if (told != put)
        {
            if ((core.Heard & Hearing.Waits) != 0)
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

    /// <summary>The ready queue was put into another order.</summary>
    internal void NoteShuffle() => told = core.Ready.Put;

    private void TellParked(LoopContext context, WaitNode node)
    {
        foreach (var one in all)
        {
            if ((one.Hears & Hearing.Waits) != 0)
            {
                one.OnParked(context, node);
            }
        }
    }

    private void TellWoken(long from, long to, LoopContext? by)
    {
        int number = (int)Math.Min(core.Ready.Put - from, core.Ready.Count);
        if (from == to || number == 0)
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
        if (item is { Context: { Owner: not null } woken, IsWakeUp: true })
        {
            var waker = item is WaitNode { State: WaitState.Yielding } ? woken : by;
            foreach (var one in all)
            {
                if ((one.Hears & Hearing.Waits) != 0)
                {
                    one.OnWoken(woken, waker);
                }
            }
        }
    }

    private bool IsToldInside(long position) => toldInside.Count > 0 && toldInside.Exists(range => range.From <= position && position < range.To);

    // ---- Looks, and the loop with nothing to do

    internal void BeginLook()
    {
        if ((core.Heard & Hearing.AnyOfSteps) != 0)
        {
            TellArrivals(null);      // what the last step of an unheard batch made ready is not the look's
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
