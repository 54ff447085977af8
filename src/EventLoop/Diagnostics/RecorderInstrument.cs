using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Diagnostics;

/// <summary>Records what a loop does in a ring, and in passing counts what each task does. Loop thread only.</summary>
/// <param name="loop">The loop.</param>
/// <param name="ring">Receives the records.</param>
/// <param name="detail">Which times it records.</param>
/// <param name="counts">Whether it counts, to begin with.</param>
internal sealed class RecorderInstrument(Loop loop, RecordRing ring, RecorderDetail detail, bool counts) : Instrument
{
    private readonly LoopCore core = loop.Core;
    private readonly Instruments instruments = loop.Core.Instruments;
    private readonly ReadyQueue ready = loop.Core.Ready;
    private readonly bool isTimed = detail == RecorderDetail.Times;
    private volatile bool isCounting = counts;      // set on any thread
    private readonly Stack<(long Position, long Within)> around = new();      // steps inside which another step runs

    // Of the running step. A step that is taken whole has none until it ends, or until something is recorded that happened within it.
    private long position = None;
    private long within;      // the time of the steps in it, in ticks
    private long shortestStall = ShortestStall(loop);      // as of the last look
    private bool hasCounts = counts && loop.Core.Instruments.HasCounts;      // whether there is something to count; likewise, and at the first task since
    private long runningSince = None;      // of the outermost step, if it has a record; read on any thread

    // Of a step that was running when another thread detached it.
    private volatile System.Runtime.CompilerServices.StrongBox<(byte Kind, long Time, int Task, uint Other)>? left;

    private const long None = -1;

    internal RecordRing Ring => ring;

    /// <summary>Whether it counts what each task does; of several, one does. Any thread; takes effect by the next look.</summary>
    internal bool Counts
    {
        get => isCounting;
        set
        {
            isCounting = value;
            hasCounts = value && instruments.HasCounts;
        }
    }

    /// <summary>When the running step began, in ticks of loop time; negative: none runs, or it began earlier. Any thread.</summary>
    internal long RunningSince => Volatile.Read(ref runningSince) is not None and var since ? since
        : instruments.IsInWhole && Hears != Hearing.None ? instruments.Moment
        : None;

    internal RecorderDetail Detail => detail;

    internal Hearing Needs =>
        Hearing.Tasks | Hearing.StepBegins | Hearing.StepEnds | Hearing.Waits | Hearing.Looks | Hearing.Runs | (detail == RecorderDetail.Times ? Hearing.Times
        : Hearing.None);

    internal void Mark(string label)
    {
        Open();
        ring.Add((byte)RecordedEventKind.Mark, isTimed ? core.Clock.Now : instruments.Moment, core.CurrentTask?.Id ?? 0,
            (uint)ring.NumberOf(label));
    }

    internal override void OnTaskMade(LoopContext task, LoopContext? creator)
    {
        Open();
        long now = instruments.Moment;
        ring.Add((byte)RecordedEventKind.TaskCreated, now, task.Task!.Id, (uint)(creator?.Task?.Id ?? 0));
        if (isCounting)
        {
            task.Task!.Counts = new TaskCounts(now);
            instruments.HasCounts = hasCounts = true;
        }
    }

    internal override void OnTaskEnded(LoopContext task)
    {
        Open();
        ring.Add((byte)RecordedEventKind.TaskEnded, instruments.Moment, task.Task!.Id, 0);
        if (task.Task!.KnownName is { } name)
        {
            ring.NoteEnd(task.Task!.Id, name);
        }
    }

    // ---- A step as a whole

    internal override bool TakesStepsWhole => true;

    internal override void OnStep(LoopItem item, LoopContext? context, long firstPut)
    {
        long began = instruments.Moment;
        long ended = isTimed ? instruments.Moment = core.Clock.Now : began;

        // The only thing that it put into the ready queue is itself. Whatever is rare comes by one comparison to the rest: a clock that has jumped back, too.
        if ((ulong)(ended - began) < (ulong)shortestStall && position == None && ready.Put - firstPut == 1 && item.WakesUp == WakeUp.ByItself
            && ReferenceEquals(item.Context, context) && context?.Task is { } task)
        {
            ring.Add(RecordRing.Yielded, began, task.Id, (uint)(ended - began));
            if (hasCounts)
            {
                task.Counts?.Yield(began, ended, task.Id);
            }

            return;
        }

        OnOtherStep(context, firstPut, began, Math.Max(began, ended));
    }

    private void OnOtherStep(LoopContext? context, long firstPut, long began, long ended)
    {
        if (position != None || context?.Task is not { } task)
        {
            OnCallback(context, firstPut, began, ended);
            return;
        }

        ring.Add((byte)RecordedEventKind.Step, began, task.Id, (uint)Math.Min(ended - began, uint.MaxValue));
        if (hasCounts && task.Counts is { } taskCounts)
        {
            taskCounts.Begin(began);
            taskCounts.End(ended - began);
        }

        if (ended - began >= shortestStall)
        {
            OnLongStep(ended - began, task.Id);
        }

        if (ready.Put != firstPut)
        {
            instruments.TellWoken(firstPut, ready.Put, context);
        }
    }

    // Of a callback, or one that has its record already.
    private void OnCallback(LoopContext? context, long firstPut, long began, long ended)
    {
        var step = new HeardStep { Context = context, Began = position == None ? began : runningSince };
        step.Duration = ended - step.Began;
        if (position == None)
        {
            position = ring.Add(RecordRing.Running, began, context?.Task?.Id ?? 0, 0);
        }

        long put = ready.Put;
        OnStepEnd(step);
        instruments.TellWoken(firstPut, put, context);
    }

    /// <summary>Gives the running step its record, which comes before those of what happens within it. Loop thread.</summary>
    internal void Open()
    {
        if (position == None && instruments.IsInWhole)
        {
            var step = new HeardStep { Context = core.Outermost, Began = instruments.Moment };
            Begin(step);
        }
    }

    /// <summary>Called before it is detached: the running step is the last of the recording. Any thread.</summary>
    internal void Leave()
    {
        if (core.IsInLoopThread)
        {
            Open();
        }
        else if (Running(ring.Written) is { } running)
        {
            left = new(running);
        }
    }

    /// <summary>The running step, if it has no record yet. Any thread.</summary>
    /// <param name="written">What the ring had written when it was copied.</param>
    internal (byte Kind, long Time, int Task, uint Other)? Running(long written)
    {
        if (Hears == Hearing.None)
        {
            return left is { } last && ring.Written == written ? last.Value : null;
        }

        if (Volatile.Read(ref position) != None || RunningSince is var since && since < 0)
        {
            return null;
        }

        int task = core.Outermost?.Task?.Id ?? 0;
        return ring.Written == written && instruments.IsInWhole ? (RecordRing.Running, since, task, 0) : null;
    }

    // ---- A step piece by piece

    internal override void OnStepBegin(LoopItem item, in HeardStep step)
    {
        Open();
        Begin(step);
    }

    private void Begin(in HeardStep step)
    {
        if (position == None)
        {
            Volatile.Write(ref runningSince, step.Began);
        }
        else
        {
            around.Push((position, within));
        }

        within = 0;
        var task = step.Context?.Task;
        position = ring.Add(RecordRing.Running, step.Began, task?.Id ?? 0, 0);
        if (hasCounts)
        {
            task?.Counts?.Begin(step.Began);
        }
    }

    internal override void OnStepEnd(in HeardStep step)
    {
        var task = step.Context?.Task;
        if (hasCounts)
        {
            task?.Counts?.End(Math.Max(0, step.Duration - within));      // those in it are other tasks'
        }

        if (position == None)
        {
            return;      // it began before there was a recorder
        }

        ring.Complete(position, (byte)RecordedEventKind.Step, step.Began, task?.Id ?? 0, (uint)Math.Min(step.Duration, uint.MaxValue));
        if (around.Count > 0)
        {
            (position, within) = around.Pop();
            within += step.Duration;
        }
        else
        {
            position = None;
            within = 0;
            Volatile.Write(ref runningSince, None);
        }

        if (step.Duration >= shortestStall)
        {
            OnLongStep(step.Duration, task?.Id ?? 0);
        }
    }

    private void OnLongStep(long duration, int task)
    {
        if (duration >= loop.StallTicks || duration >= uint.MaxValue)
        {
            ring.Add((byte)RecordedEventKind.Stall, instruments.Moment, task, (uint)Math.Min(duration / TimeSpan.TicksPerMillisecond, uint.MaxValue));
        }
    }

    // A shorter step is no stall, so the limit itself need not be read.
    private static long ShortestStall(Loop loop) => Math.Min(loop.StallTicks, TimeSpan.TicksPerMillisecond);

    internal override void OnWoken(LoopContext woken, LoopContext? by)
    {
        var task = woken.Task!;
        int waker = by?.Task?.Id ?? 0;
        long now = instruments.Moment;
        ring.Add((byte)RecordedEventKind.Wake, now, task.Id, (uint)waker);
        if (hasCounts)
        {
            task.Counts?.Wake(now, waker, waker == task.Id);
        }
    }

    internal override void OnLook(long now)
    {
        shortestStall = ShortestStall(loop);
        hasCounts = isCounting && instruments.HasCounts;
    }

    // A night of sleep has more ticks than one number holds; the task's place is free.
    internal override void OnIdle(long began, long duration) =>
        ring.Add((byte)RecordedEventKind.Idle, began, (int)(duration >> 32), (uint)duration);

    internal override void OnRunEnd()
    {
        around.Clear();
        position = None;
        within = 0;
        Volatile.Write(ref runningSince, None);
    }
}
