using System.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>
/// One loop as the stall watch sees it. Looks at what it does suffice while they come in time. Collections one after the other, or a crowded machine, hold up
/// the watching thread as well: then a long step is over before anybody has looked. So the loop itself reports each long time between two of its own looks at
/// the clock, and the length of that and its number of steps tell whether one of them was stuck.
/// </summary>
/// <remarks>On the watching thread, except for what says otherwise.</remarks>
internal sealed class WatchedLoop
{
    private const int MostStretches = 64;
    private const long None = -1;

    private readonly WeakReference<Loop> target;
    private readonly Func<ThreadTimes> read;
    private readonly long since;                // loop time from which on it is watched
    private readonly Lock gate = new();                 // the loop reports, the watching thread takes
    private readonly List<Reported> reported = [];      // under the gate

    // As of the last look.
    private long step = None;                   // that ran; none: the loop slept, or did not run
    private long stepsSeen;
    private long seenAt;                        // in loop time
    private ThreadTimes timesSeen;
    private long stretchAt;                     // when the loop had last looked at the clock
    private TimeSpan unknown;                   // in which it is not known whether the loop could run, of all time
    private TimeSpan unknownBefore;             // and before the stretch

    private TimeSpan elapsed;                   // of the running step, as far as it is known that the loop could run
    private long elapsedTicks;                  // read on any thread; zero: no step is known to run
    private ThreadTimes began;
    private long toldStep = None;               // the latest
    private bool isTold;                        // and it has not ended
    private Who who = Who.Nobody;
    private StallActivity activity;
    private volatile bool hasLeft;              // set on any thread

    /// <param name="loop">Is not kept alive.</param>
    /// <param name="limit">Of a step; what is as long is a stall.</param>
    /// <param name="times">Reads the times of the loop's thread; null: those that the system tells.</param>
    internal WatchedLoop(Loop loop, TimeSpan limit, Func<ThreadTimes>? times = null)
    {
        target = new WeakReference<Loop>(loop);
        Limit = limit;
        read = times ?? ReadTimes;
        (stretchAt, _, stepsSeen) = loop.Core.LatestLook;
        since = seenAt = loop.Core.Clock.Now;
        began = timesSeen = read();
        loop.Core.TellStretches(limit, Note);
    }

    internal TimeSpan Limit { get; }

    /// <summary>Whether the loop does not exist any more.</summary>
    internal bool IsGone => !target.TryGetTarget(out var one) || one.IsClosed;

    /// <summary>How long the running step has been seen to run. Any thread.</summary>
    internal TimeSpan? Elapsed => Volatile.Read(ref elapsedTicks) is > 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

    private ThreadTimes ReadTimes() => ThreadTimes.Of(target.TryGetTarget(out var one) ? one.Core.NativeThread : 0);

    // On the loop's thread. The task is at its next wait already, or has ended.
    internal void Note(Stretch stretch)
    {
        var one = new Reported(stretch, stretch.Steps == 1 ? Who.Of(stretch.Last?.Task) : Who.Unknown);
        lock (gate)
        {
            if (reported.Count < MostStretches)
            {
                reported.Add(one);
            }
        }
    }

    private Reported[] TakeReported()
    {
        lock (gate)
        {
            Reported[] all = [.. reported];
            reported.Clear();
            return all;
        }
    }

    /// <summary>Whether it will see the end of no step any more. Any thread.</summary>
    internal bool HasLeft => hasLeft;

    /// <summary>Has the loop report nothing any more. Any thread.</summary>
    internal void Leave()
    {
        hasLeft = true;
        if (target.TryGetTarget(out var one))
        {
            one.Core.TellNoStretches(Note);
        }
    }

    /// <param name="gap">The time since the previous look, as far as it is known that the loop could run meanwhile.</param>
    /// <param name="whole">The time since the previous look.</param>
    internal void Look(TimeSpan gap, TimeSpan whole)
    {
        if (!target.TryGetTarget(out var one))
        {
            return;
        }

        var core = one.Core;
        var (lookedAt, stepsBefore, steps) = core.LatestLook;
        bool canStall = core.Clock.Custom is null && !Debugger.IsAttached;
        bool runs = canStall && core.IsRunning && !core.IsParked;
        long now = core.Clock.Now;
        var times = read();
        bool isSame = runs && steps == step;
        var stretches = TakeReported();
        if (isTold && !isSame)
        {
            OnEnd(one, stretches, whole - gap, times);
        }

        foreach (var stretch in canStall ? stretches : [])
        {
            LookBack(one, stretch, whole - gap, times);
        }

        if (lookedAt != stretchAt)
        {
            (stretchAt, unknownBefore) = (lookedAt, unknown);
        }

        unknown += whole - gap;
        if (runs && steps == stepsBefore + 1)
        {
            began = isSame ? began : timesSeen;
            elapsed = Known(now - Math.Max(since, lookedAt), unknown - unknownBefore, times.BusySince(began));      // it began after that look
        }
        else if (isSame)
        {
            elapsed = Known((elapsed + whole).Ticks, whole - gap, times.BusySince(began));
        }
        else
        {
            (elapsed, began) = (TimeSpan.Zero, times);
        }

        step = runs ? steps : None;
        (stepsSeen, seenAt, timesSeen) = (steps, now, times);
        Volatile.Write(ref elapsedTicks, elapsed.Ticks);
        if (runs && elapsed >= Limit && steps != toldStep)
        {
            OnLimit(one, times);
        }
    }

    // How much of a time certainly was the loop's: what its thread computed or waited for a core, and all in which it could have run.
    private static TimeSpan Known(long ticks, TimeSpan unknown, TimeSpan? busy)
    {
        var all = TimeSpan.FromTicks(ticks);
        var known = all - unknown;
        return busy > all ? all : busy > known ? busy.Value : known;
    }

    private void OnLimit(Loop one, ThreadTimes times)
    {
        var running = one.Core.Current?.Task;
        var now = Who.Of(running);
        if (one.Core.Steps != step)
        {
            return;      // it has just ended: the loop will report it
        }

        (toldStep, isTold, who) = (step, true, now);
        activity = StallActivity.Of(one, step);
        Tell(one, isOver: false, times);
    }

    private void OnEnd(Loop one, Reported[] stretches, TimeSpan unknownNow, ThreadTimes times)
    {
        foreach (var (stretch, _) in stretches)
        {
            if (stretch.Contains(toldStep) && stretch.Steps == 1)
            {
                var exact = Known(stretch.Ended - Math.Max(since, stretch.Began), UnknownOf(stretch, unknownNow), null);
                elapsed = exact > elapsed ? exact : elapsed;
            }
        }

        isTold = false;
        Tell(one, isOver: true, times);
    }

    private TimeSpan UnknownOf(Stretch stretch, TimeSpan unknownNow) => unknownNow + (stretch.Began == stretchAt ? unknown - unknownBefore : TimeSpan.Zero);

    // If what certainly was the loop's is more than its few steps could take unless one of them was stuck, then one was.
    private void LookBack(Loop one, Reported noted, TimeSpan unknownNow, ThreadTimes times)
    {
        var (stretch, whose) = noted;
        bool wasSeen = stretch.Began == stretchAt && stretch.Began < seenAt;
        var before = wasSeen ? began : timesSeen;
        var known = Known(stretch.Ended - Math.Max(since, stretch.Began), UnknownOf(stretch, unknownNow), times.BusySince(before));
        long steps = stretch.Steps;
        if (stretch.Contains(toldStep) || known < Limit * steps)
        {
            // What was seen of it in time may say more about the rest.
            if (!wasSeen || (toldStep != None && toldStep >= stepsSeen))
            {
                return;
            }

            before = timesSeen;
            steps = stretch.StepsAfter - stepsSeen + (step == None ? 0 : 1);
            known = Known(stretch.Ended - Math.Max(since, seenAt), unknownNow, times.BusySince(before)) + (steps == 1 ? elapsed : TimeSpan.Zero);
            whose = steps == 1 ? Who.Of(stretch.Last?.Task) : Who.Unknown;
            if (steps < 1 || known < Limit * steps)
            {
                return;
            }
        }

        var (elapsedNow, beganNow) = (elapsed, began);
        (elapsed, began, who, activity) = (known, before, whose, default);
        toldStep = stretch.StepsAfter;
        Tell(one, isOver: false, times);
        Tell(one, isOver: true, times);
        (elapsed, began) = (elapsedNow, beganNow);
    }

    private void Tell(Loop one, bool isOver, ThreadTimes times)
    {
        var report = new StallReport(one, who.Task, who.Label, who.Stack, elapsed, isOver, times.Processor - began.Processor, times.Waited - began.Waited,
            times.Collector - began.Collector);
        activity.Add(report);
        one.Diagnostics.OnStall(report, this, toldStep);
    }

    private readonly record struct Reported(Stretch Stretch, Who Who);

    private readonly record struct Who(string Label, int? Task, IReadOnlyList<string> Stack)
    {
        internal static readonly Who Nobody = new("a callback", null, []);

        internal static readonly Who Unknown = new("an unknown task", null, []);

        internal static Who Of(LoopTask? task) => task is null ? Nobody : new Who(task.Label, task.Id, task.GetStack());
    }
}
