using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>Records what a loop does in a ring. Loop thread only.</summary>
internal sealed class RecorderInstrument(Loop loop, RecordRing ring, RecorderDetail detail) : Instrument
{
    private readonly Stack<long> around = new();      // positions of the steps inside which another step runs
    private long position = None;                     // of the running step
    private long moment = loop.Core.LookedAt;
    private long shortestStall = ShortestStall(loop);      // as of the last look
    private long runningSince = None;      // of the outermost step; read on any thread

    private const long None = -1;

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
        if (position == None)
        {
            Volatile.Write(ref runningSince, step.Began);
        }
        else
        {
            around.Push(position);
        }

        position = ring.Add(RecordRing.Running, step.Began, step.Context?.Task?.Id ?? 0, 0);
    }

    internal override void OnStepEnd(in HeardStep step)
    {
        moment = Math.Max(moment, step.Began + step.Duration);
        if (position == None)
        {
            return;      // it began before there was a recorder
        }

        long begun = position;
        if (around.Count > 0)
        {
            position = around.Pop();
        }
        else
        {
            position = None;
            Volatile.Write(ref runningSince, None);
        }

        int task = step.Context?.Task?.Id ?? 0;
        ring.Complete(begun, (byte)RecordedEventKind.Step, step.Began, task, (uint)Math.Min(step.Duration, uint.MaxValue));
        if (step.Duration >= shortestStall && (step.Duration >= loop.StallTicks || step.Duration >= uint.MaxValue))
        {
            ring.Add((byte)RecordedEventKind.Stall, moment, task, (uint)Math.Min(step.Duration / TimeSpan.TicksPerMillisecond, uint.MaxValue));
        }
    }

    // A shorter step is no stall, so the limit itself need not be read.
    private static long ShortestStall(Loop loop) => Math.Min(loop.StallTicks, TimeSpan.TicksPerMillisecond);

    internal override void OnWoken(LoopContext woken, LoopContext? by) =>
        ring.Add((byte)RecordedEventKind.Wake, moment, woken.Task!.Id, (uint)(by?.Task?.Id ?? 0));

    internal override void OnLook(long now)
    {
        moment = now;
        shortestStall = ShortestStall(loop);
    }

    internal override void OnIdle(long began, long duration)
    {
        // A night of sleep has more ticks than one number holds; the task's place is free.
        ring.Add((byte)RecordedEventKind.Idle, began, (int)(duration >> 32), (uint)duration);
        moment = Math.Max(moment, began + duration);
    }

    internal override void OnRunEnd()
    {
        around.Clear();
        position = None;
        Volatile.Write(ref runningSince, None);
    }
}
