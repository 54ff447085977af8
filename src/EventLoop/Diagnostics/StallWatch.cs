using System.Diagnostics;
using System.Globalization;
using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>
/// Notices steps that take too long: one thread for all loops that have a limit, which checks how many steps each has taken. The loop contains no code for it.
/// By the system's time, whatever a loop's clock.
/// </summary>
internal static class StallWatch
{
    private const double ShortestPeriod = 5;       // milliseconds
    private const double LongestPeriod = 1000;

    private static readonly Lock Gate = new();      // limits are set on any thread
    private static readonly List<Watched> Loops = [];
    private static readonly AutoResetEvent Changed = new(false);
    private static bool watching;

    internal static Watched Add(Loop loop, TimeSpan limit)
    {
        var watched = new Watched(loop, limit);
        lock (Gate)
        {
            Loops.Add(watched);
            if (watching)
            {
                Changed.Set();
                return watched;
            }

            watching = true;
        }

        new Thread(Watch) { IsBackground = true, Name = "EventLoop stall watch" }.UnsafeStart();
        return watched;
    }

    internal static void Remove(Watched watched)
    {
        lock (Gate)
        {
            Loops.Remove(watched);
            Changed.Set();
        }
    }

    private static void Watch()
    {
        long then = Stopwatch.GetTimestamp();
        while (NextPeriod() is { } period)
        {
            Changed.WaitOne(period);
            long now = Stopwatch.GetTimestamp();

            // If the machine was suspended, or this thread had no core for long, nobody knows what the loop did meanwhile.
            var gap = Stopwatch.GetElapsedTime(then, now);
            var most = 2 * period + TimeSpan.FromMilliseconds(50);
            then = now;
            foreach (var one in All())
            {
                one.Look(gap < most ? gap : most, gap);
            }
        }
    }

    private static Watched[] All()
    {
        lock (Gate)
        {
            Loops.RemoveAll(static one => one.IsGone);
            return [.. Loops];
        }
    }

    private static TimeSpan? NextPeriod()
    {
        lock (Gate)
        {
            watching = Loops.Count > 0;
            return watching ? TimeSpan.FromMilliseconds(Math.Clamp(Loops.Min(static one => one.Limit.TotalMilliseconds) / 4, ShortestPeriod, LongestPeriod))
                : null;
        }
    }

    /// <summary>One watched loop. On the watching thread, except for what says otherwise.</summary>
    internal sealed class Watched(Loop loop, TimeSpan limit)
    {
        private readonly WeakReference<Loop> target = new(loop);
        private long step = -1;
        private long stepsSeen = loop.Core.Steps;       // at the last check, even if the loop was parked
        private bool wasParked;
        private TimeSpan elapsed;
        private long elapsedTicks;      // read on any thread; zero: no step is known to run
        private bool told;
        private StallActivity activity;
        private Times began = Times.Now(loop.Core.NativeThread);
        private string who = "a callback";
        private int? task;
        private IReadOnlyList<string> stack = [];

        internal TimeSpan Limit => limit;

        internal bool IsGone => !target.TryGetTarget(out var one) || one.IsClosed;

        /// <summary>How long the running step has been seen to run. Any thread.</summary>
        internal TimeSpan? Elapsed => Volatile.Read(ref elapsedTicks) is > 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

        /// <param name="gap">The time since the previous check, as far as it is known that the loop could run meanwhile.</param>
        /// <param name="whole">The time since the previous check.</param>
        internal void Look(TimeSpan gap, TimeSpan whole)
        {
            if (!target.TryGetTarget(out var one))
            {
                return;
            }

            var core = one.Core;
            long steps = core.Steps;
            bool canStall = core.IsRunning && core.Clock.Custom is null && !Debugger.IsAttached;
            bool parked = core.IsParked;
            bool runs = canStall && !parked;
            if (runs && steps == step)
            {
                elapsed += gap < whole && Times.Now(core.NativeThread).BusySince(began) is { } busy && busy > elapsed + gap
                    ? (busy < elapsed + whole ? busy - elapsed : whole)      // this check was late: what the thread did meanwhile was this step
                    : gap;
                OnRunning(one);
                return;
            }

            // The only step since the last check: everything done meanwhile is its work.
            var now = Times.Now(core.NativeThread);
            var already = runs && wasParked && steps == stepsSeen + 1 ? now.BusySince(began) : null;
            if (told)
            {
                told = false;
                Tell(one, isOver: true);
            }
            else if (already is null && canStall && whole >= limit && stepsSeen >= 0)
            {
                LookBack(one, whole, steps - stepsSeen + (parked && wasParked ? 0 : 1));
            }

            elapsed = already is { } time ? (time < whole ? time : whole) : TimeSpan.Zero;
            began = already is null ? now : began;
            step = runs ? steps : -1;
            stepsSeen = canStall ? steps : -1;
            wasParked = parked;
            OnRunning(one);
        }

        private void OnRunning(Loop one)
        {
            Volatile.Write(ref elapsedTicks, elapsed.Ticks);
            if (!told && elapsed >= limit)
            {
                told = true;
                var running = one.Core.Current?.Task;
                who = running?.Label ?? "a callback";
                task = running?.Id;
                stack = running?.GetStack() ?? [];
                activity = StallActivity.Of(one, step);
                Tell(one, isOver: false);
            }
        }

        // Repeated collections, or a crowded machine, held up this thread as well, and the step has ended. If the loop's thread computed, or waited for a
        // core, for longer than its few steps could unless one of them was stuck, then one was. It is no longer known which.
        private void LookBack(Loop one, TimeSpan whole, long steps)
        {
            if (Times.Now(one.Core.NativeThread).BusySince(began) is { } busy && busy >= limit * Math.Max(1, steps))
            {
                elapsed = busy < whole ? busy : whole;
                who = "an unknown task";
                task = null;
                stack = [];
                activity = default;
                Tell(one, isOver: false);
                Tell(one, isOver: true);
            }
        }

        private void Tell(Loop one, bool isOver)
        {
            var report = Report(one, isOver);
            activity.Add(report);
            one.Diagnostics.OnStall(report);
        }

        private StallReport Report(Loop one, bool isOver)
        {
            var now = Times.Now(one.Core.NativeThread);
            return new StallReport(one, task, who, stack, elapsed, isOver, now.Processor - began.Processor, now.Waited - began.Waited,
                now.Collector - began.Collector);
        }
    }

    private readonly record struct Times(TimeSpan? Processor, TimeSpan? Waited, TimeSpan Collector)
    {
        /// <summary>How long the thread was on a core, or waited for one.</summary>
        internal TimeSpan? BusySince(Times before) => Processor - before.Processor + (Waited - before.Waited);

        internal static Times Now(int thread)
        {
            var collector = GC.GetTotalPauseDuration();
            if (thread != 0 && OperatingSystem.IsLinux())
            {
                try
                {
                    // Nanoseconds on a core, nanoseconds in its queue, time slices.
                    string[] numbers = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{thread}/schedstat")).Split(' ');
                    return new Times(Nanoseconds(numbers[0]), Nanoseconds(numbers[1]), collector);
                }
                catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
                {
                    // A kernel without it, or the thread has ended.
                }
            }

            return new Times(null, null, collector);
        }

        private static TimeSpan Nanoseconds(string number) => TimeSpan.FromTicks(long.Parse(number, CultureInfo.InvariantCulture) / 100);
    }
}
