using EventLoop.Cancellation;
using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>An attached observer of the user's: if it throws, that is logged, and it is detached.</summary>
internal sealed class ObserverInstrument(Loop loop, LoopObserver observer) : Instrument, IDisposable
{
    internal const Hearing Needs =
        Hearing.Tasks | Hearing.StepBegins | Hearing.StepEnds | Hearing.Times | Hearing.Waits | Hearing.Parks | Hearing.Looks | Hearing.Cancellations;

    private int disposed;      // any thread, interlocked

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            loop.Core.Instruments.Remove(this);
            loop.Diagnostics.NoteObserver(by: -1);
        }
    }

    internal override void OnTaskMade(LoopContext task, LoopContext? creator) =>
        Tell(static (observer, task, creator) => observer.OnTaskCreated(task, creator), task.Task!, creator?.Task);

    internal override void OnTaskEnded(LoopContext task) => Tell(static (observer, task, _) => observer.OnTaskEnded(task), task.Task!, false);

    internal override void OnStepBegin(LoopItem item, in HeardStep step) =>
        Tell(static (observer, task, _) => observer.OnStepBegin(task), step.Context?.Task, false);

    internal override void OnStepEnd(in HeardStep step) =>
        Tell(static (observer, task, duration) => observer.OnStepEnd(task, TimeSpan.FromTicks(duration)), step.Context?.Task, step.Duration);

    internal override void OnParked(LoopContext context, WaitNode node)
    {
        if (context.Task is { } task)
        {
            Tell(static (observer, task, kind) => observer.OnParked(task, kind), task, node.Target?.Kind ?? WaitKind.Other);
        }
    }

    internal override void OnWoken(LoopContext woken, LoopContext? by) =>
        Tell(static (observer, task, by) => observer.OnWoken(task, by), woken.Task!, by?.Task);

    internal override void OnCanceled(LoopContext task, object how) =>
        Tell(static (observer, task, trail) => observer.OnCancelled(task, CancelLinks.ToLink(trail)), task.Task!, (CancelTrail)how);

    internal override void OnIdle(long began, long duration) =>
        Tell(static (observer, duration, _) => observer.OnIdle(TimeSpan.FromTicks(duration)), duration, false);

    private void Tell<T1, T2>(Action<LoopObserver, T1, T2> tell, T1 first, T2 second)
    {
        try
        {
            tell(observer, first, second);
        }
        catch (Exception failure)
        {
            Dispose();
            loop.OnObserverFailed(observer, failure);
        }
    }
}
