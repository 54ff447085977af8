using EventLoop.Coroutines;
using EventLoop.Diagnostics;

namespace EventLoop.Scheduling;

// What the step watch sees of the step that runs now; kept only while steps are timed.
internal sealed partial class LoopCore
{
    private TimeSpan? stuckStepThreshold;
    private LoopItem? stepItem;       // any thread reads; what it is, not what it holds, which may belong to others by now
    private long stepBegan;           // any thread reads
    private bool isWatched;

    /// <summary>When the step began, in milliseconds of the system's; zero: none runs. Any thread.</summary>
    internal long StepBegan => Volatile.Read(ref stepBegan);

    /// <summary>The coroutine method that resumed in this step. Any thread.</summary>
    internal string? StepMethod => (stepItem as CoroutineBox)?.MethodName;

    /// <summary>Steps that run for longer are told of by the step watch; null: none.</summary>
    internal TimeSpan? StuckStepThreshold
    {
        get => stuckStepThreshold;
        set
        {
            StopWatch();
            stuckStepThreshold = value;
            if (isRunning)
            {
                StartWatch();
            }
        }
    }

    private void StartWatch()
    {
        if (stuckStepThreshold is { } threshold)
        {
            StepWatch.Add(this, threshold);
            isWatched = true;
        }
    }

    private void StopWatch()
    {
        EndTimedStep();
        if (isWatched)
        {
            isWatched = false;
            StepWatch.Remove(this);
        }
    }

    private void BeginTimedStep(LoopItem item)
    {
        stepItem = item;
        Volatile.Write(ref stepBegan, Environment.TickCount64);
    }

    private void EndTimedStep()
    {
        Volatile.Write(ref stepBegan, 0);
        stepItem = null;
    }
}
