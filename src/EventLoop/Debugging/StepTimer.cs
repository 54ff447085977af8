using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Debugging;

/// <summary>
/// How debug mode, and loops for tests, observe the steps of a loop: it reports slow ones, records for each task when it ran last, knows what is running, lets
/// the <see cref="StepWatch"/> notice steps that do not end, and looks for a deadlock when the loop parks. Loop thread only, except for what the watch reads.
/// </summary>
internal sealed class StepTimer(Loop loop) : Instrument
{
    internal const Hearing Needs = Hearing.StepBegins | Hearing.StepEnds | Hearing.Times | Hearing.Parking | Hearing.Runs;

    private LoopItem? stepItem;       // read on any thread; what it is, not what it holds, which may belong to others by now
    private long stepBegan;           // read on any thread
    private bool isWatched;

    internal Loop Loop => loop;

    /// <summary>When the step began, in milliseconds of the system's clock; zero: none is running. Any thread.</summary>
    internal long StepBegan => Volatile.Read(ref stepBegan);

    /// <summary>The coroutine method that resumed in this step. Any thread.</summary>
    internal string? StepMethod => stepItem is CoroutineBox { IsPlumbing: false } box ? box.MethodName : null;

    /// <summary>The delegate behind the running step, if it belongs to no task.</summary>
    internal Delegate? RunningCode { get; private set; }

    /// <summary>The length from which on the step watch reports a running step; null: none.</summary>
    internal TimeSpan? StuckStepThreshold
    {
        get;
        set
        {
            StopWatch();
            field = value;
            if (loop.IsRunning)
            {
                StartWatch();
            }
        }
    }

    internal override void OnRunBegin() => StartWatch();

    internal override void OnRunEnd()
    {
        Clear();
        StopWatch();
    }

    internal override void OnStepBegin(LoopItem item, in HeardStep step)
    {
        if (!step.IsInner)
        {
            RunningCode = step.Context?.Task is null ? item.UserCode : null;
            stepItem = item;
            Volatile.Write(ref stepBegan, Environment.TickCount64);
        }
    }

    internal override void OnStepEnd(in HeardStep step)
    {
        if (step.Context?.Task is { } task)
        {
            task.NoteStep(step.Began + step.Duration);
        }

        if (!step.IsInner)
        {
            Volatile.Write(ref stepBegan, 0);
            loop.Reports.StepTimed(step.Context, TimeSpan.FromTicks(step.Duration));
            Clear();
        }
    }

    internal override void OnParking()
    {
        if (!loop.Core.IsExpecting)
        {
            loop.Reports.NothingLeft();
        }
    }

    private void Clear()
    {
        Volatile.Write(ref stepBegan, 0);
        stepItem = null;
        RunningCode = null;
    }

    private void StartWatch()
    {
        if (StuckStepThreshold is { } threshold && !isWatched)
        {
            StepWatch.Add(this, threshold);
            isWatched = true;
        }
    }

    private void StopWatch()
    {
        if (isWatched)
        {
            isWatched = false;
            StepWatch.Remove(this);
        }
    }
}
