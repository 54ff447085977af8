using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>Writes what a loop does into a ring. Loop thread only.</summary>
internal sealed class RecorderInstrument(Loop loop, RecordRing ring, RecorderDetail detail) : Instrument
{
    private readonly Stack<long> positions = new();      // of the steps that run
    private long moment = loop.Core.LookedAt;

    private long runningSince = -1;      // of the outermost step; any thread reads

    internal RecordRing Ring => ring;

    internal long RunningSince => Volatile.Read(ref runningSince);

    internal RecorderDetail Detail => detail;

    internal Hearing Needs =>
        Hearing.Tasks | Hearing.StepBegins | Hearing.StepEnds | Hearing.Waits | Hearing.Looks | Hearing.Runs | (detail == RecorderDetail.Times ? Hearing.Times
        : Hearing.None);

    internal void Mark(string label) =>
        ring.Add((byte)RecordedEventKind.Mark, detail == RecorderDetail.Times ? loop.Core.Clock.Now : moment, loop.Core.CurrentTask?.Id ?? 0,
            (uint)ring.NumberOf(label));

    internal override void OnTaskMade(LoopContext task, LoopContext? creator) =>
        ring.Add((byte)RecordedEventKind.TaskCreated, moment, task.Task!.Id, (uint)(creator?.Task?.Id ?? 0));

    internal override void OnTaskEnded(LoopContext task)
    {
        ring.Add((byte)RecordedEventKind.TaskEnded, moment, task.Task!.Id, 0);
        ring.NoteEnd(task.Task!);
    }

    internal override void OnStepBegin(LoopItem item, in HeardStep step)
    {
        moment = step.Began;
        Volatile.Write(ref runningSince, positions.Count == 0 ? step.Began : runningSince);
        positions.Push(ring.Add(RecordRing.Running, step.Began, step.Context?.Task?.Id ?? 0, 0));
    }

    internal override void OnStepEnd(in HeardStep step)
    {
        moment = Math.Max(moment, step.Began + step.Duration);
        if (!positions.TryPop(out long position))
        {
            return;      // it began before there was a recorder
        }

        if (positions.Count == 0)
        {
            Volatile.Write(ref runningSince, -1);
        }

        int task = step.Context?.Task?.Id ?? 0;
        ring.Complete(position, (byte)RecordedEventKind.Step, step.Began, task, (uint)Math.Min(step.Duration, uint.MaxValue));
        if (step.Duration >= loop.StallTicks || step.Duration >= uint.MaxValue)
        {
            ring.Add((byte)RecordedEventKind.Stall, moment, task, (uint)Math.Min(step.Duration / TimeSpan.TicksPerMillisecond, uint.MaxValue));
        }
    }

    internal override void OnWoken(LoopContext woken, LoopContext? by) =>
        ring.Add((byte)RecordedEventKind.Wake, moment, woken.Task!.Id, (uint)(by?.Task?.Id ?? 0));

    internal override void OnLook(long now) => moment = now;

    internal override void OnIdle(long began, long duration)
    {
        // A night of sleep has more ticks than the one number holds; there is no task.
        ring.Add((byte)RecordedEventKind.Idle, began, (int)(duration >> 32), (uint)duration);
        moment = Math.Max(moment, began + duration);
    }

    internal override void OnRunEnd()
    {
        positions.Clear();
        Volatile.Write(ref runningSince, -1);
    }
}
