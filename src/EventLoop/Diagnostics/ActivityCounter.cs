using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Diagnostics;

/// <summary>Counts what each task does, for tasks that begin while it is attached. Loop thread only; the counts are read on any thread.</summary>
/// <param name="core">The loop.</param>
/// <param name="withTimes">Whether steps are timed.</param>
internal sealed class ActivityCounter(LoopCore core, bool withTimes) : Instrument
{
    private long moment = core.LookedAt;

    internal Hearing Needs =>
        Hearing.Tasks | Hearing.StepBegins | Hearing.StepEnds | Hearing.Waits | Hearing.Looks | (withTimes ? Hearing.Times : Hearing.None);

    internal override void OnTaskMade(LoopContext task, LoopContext? creator) => task.Task!.Counts = new TaskCounts { Born = moment, WokenAt = moment };

    internal override void OnLook(long now) => moment = now;

    internal override void OnStepBegin(LoopItem item, in HeardStep step)
    {
        if (step.Context?.Task?.Counts is { } counts)
        {
            if (counts.WokenAt >= 0)
            {
                counts.ReadyTicks += Math.Max(0, step.Began - counts.WokenAt);
                counts.WokenAt = -1;
            }
        }
    }

    internal override void OnStepEnd(in HeardStep step)
    {
        if (step.Context?.Task?.Counts is { } counts)
        {
            counts.Steps++;
            counts.RunTicks += step.Duration;
        }

        moment = step.Began + step.Duration;
    }

    internal override void OnWoken(LoopContext woken, LoopContext? by)
    {
        if (woken.Task!.Counts is { } counts)
        {
            counts.WokenAt = moment;
            counts.WokenBy = by?.Task?.Id ?? 0;
            if (counts.WokenBy == woken.Task!.Id)
            {
                counts.SelfWakes++;
            }
        }
    }
}
