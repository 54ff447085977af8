using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Diagnostics;

/// <summary>Counts what each task does, for tasks that begin while it is attached: for observers, while no recorder counts in passing. Loop thread only; the
/// counts are read on any thread.</summary>
internal sealed class ActivityCounter(LoopCore core) : Instrument
{
    internal const Hearing Needs = Hearing.Tasks | Hearing.StepBegins | Hearing.StepEnds | Hearing.Waits | Hearing.Runs;

    private readonly Stack<long> around = new();      // of the steps in which the running one runs: what the next line says
    private long within;      // the time of the steps in the running one, in ticks

    internal override void OnTaskMade(LoopContext task, LoopContext? creator)
    {
        task.Task!.Counts = new TaskCounts(core.Instruments.Moment);
        core.Instruments.HasCounts = true;
    }

    internal override void OnStepBegin(LoopItem item, in HeardStep step)
    {
        if (step.IsInner)
        {
            around.Push(within);
        }

        within = 0;
        step.Context?.Task?.Counts?.Begin(step.Began);
    }

    internal override void OnStepEnd(in HeardStep step)
    {
        step.Context?.Task?.Counts?.End(Math.Max(0, step.Duration - within));      // those in it are other tasks'
        within = step.IsInner && around.TryPop(out long before) ? before + step.Duration : 0;
    }

    internal override void OnWoken(LoopContext woken, LoopContext? by) =>
        woken.Task!.Counts?.Wake(core.Instruments.Moment, by?.Task?.Id ?? 0, ReferenceEquals(woken.Owner, by?.Owner));

    // Possibly in the middle of a step.
    internal override void OnRunEnd()
    {
        around.Clear();
        within = 0;
    }
}
