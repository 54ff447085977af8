using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Debugging;

/// <summary>
/// How debug mode, and loops for tests, hear the steps of a loop: it says which were slow, notes for each task when it ran last, knows what runs now, has the
/// <see cref="StepWatch"/> notice steps that do not end, and looks for a deadlock when the loop parks. Loop thread only, but for what the watch reads.
/// </summary>
internal sealed class StepTimer(Loop loop) : Instrument
{
    internal const Hearing Needs = Hearing.StepBegins | Hearing.StepEnds | Hearing.Times | Hearing.Parking | Hearing.Runs;

    private LoopItem? stepItem;       // any thread reads; what it is, not what it holds, which may belong to others by now
    private long stepBegan;           // any thread reads
    private bool isWatched;

    internal Loop Loop => loop;

    /// <summary>When the step began, in milliseconds of the system's; zero: none runs. Any thread.</summary>
    internal long StepBegan => Volatile.Read(ref stepBegan);

    /// <summary>The coroutine method that resumed in this step. Any thread.</summary>
    internal string? StepMethod => stepItem is CoroutineBox { IsPlumbing: false } box ? box.MethodName : null;

    /// <summary>The delegate behind the step that runs now, if it belongs to no task.</summary>
    internal Delegate? RunningCode { get; private set; }

    /// <summary>Steps that run for longer are reported by the step watch; null: none.</summary>
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
