using System.Diagnostics.Metrics;
using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>The instruments of the meter "EventLoop". They read plain fields when somebody collects; loops with the same name are one measurement, and the
/// counts of closed loops remain in the counters of their name. Those that nobody has named, and those of more than a thousand names, are added up.</summary>
internal static class LoopMetrics
{
    private const int MostNames = 1000;
    private const string AllOthers = "closed";
    private const string AllOtherHistograms = "others";      // those of open loops, too

    private static readonly Lock Gate = new();      // loops close on any thread
    private static readonly Dictionary<string, Totals> Closed = [];
    private static readonly HashSet<string> InHistograms = [];      // names, each of which is a series for ever
    private static bool started;

    /// <summary>Counters of one loop, or sums of several.</summary>
    private record struct Totals(long Turns, long Steps, long Polls, long WakeUps, long Cancellations, long Stalls, double Busy, double Idle, long Received,
        long Sent)
    {
        // Under the gate. A time that is read while it changes may be a moment ahead, and a clock may jump back: a counter does neither.
        internal static Totals Of(Loop loop)
        {
            var core = loop.Core;
            var (busy, idle) = core.Times;
            ref var told = ref loop.TimesTold;
            told = (busy > told.Busy ? busy : told.Busy, idle > told.Idle ? idle : told.Idle);
            return new(core.Turns, core.Steps, core.Polls, Volatile.Read(ref core.WakeUps), core.Deliveries, loop.DiagnosticsIfAny?.Stalls ?? 0,
                told.Busy.TotalSeconds, told.Idle.TotalSeconds, core.Io.Received, core.Io.Sent);
        }

        internal readonly Totals Plus(Totals other) => new(
            Turns + other.Turns, Steps + other.Steps, Polls + other.Polls, WakeUps + other.WakeUps, Cancellations + other.Cancellations, Stalls + other.Stalls,
            Busy + other.Busy, Idle + other.Idle, Received + other.Received, Sent + other.Sent);
    }

    /// <summary>Called with the first loop.</summary>
    internal static void Start()
    {
        lock (Gate)
        {
            if (!started)
            {
                started = true;
                Register(StepHistograms.Meter);
            }
        }
    }

    /// <summary>A loop closes: whoever collects at this moment counts it once.</summary>
    internal static void Close(Loop loop)
    {
        lock (Gate)
        {
            loop.SetClosed();
            string? given = GivenNameOf(loop);
            string name = given is not null && (Closed.Count < MostNames || Closed.ContainsKey(given)) ? given : AllOthers;
            Closed[name] = Closed.GetValueOrDefault(name).Plus(Totals.Of(loop));
        }
    }

    /// <summary>The name under which a loop's steps are measured: a histogram forgets no series, so loops that nobody has named, and those of more than a
    /// thousand names, share one. Any thread.</summary>
    internal static string HistogramNameOf(Loop loop)
    {
        lock (Gate)
        {
            return GivenNameOf(loop) is { } given && (InHistograms.Contains(given) || (InHistograms.Count < MostNames && InHistograms.Add(given))) ? given
                : AllOtherHistograms;
        }
    }

    private static string? GivenNameOf(Loop loop) => loop.Options.HasMadeName ? null : loop.Options.Name;

    private static void Register(Meter meter)
    {
        meter.CreateObservableUpDownCounter("eventloop.tasks", TasksByStatus, "{task}", "Unfinished tasks.");
        Gauge(meter, "eventloop.ready", "{task}", "Items in the ready queue.", static loop => loop.Core.Ready.Count);
        Gauge(meter, "eventloop.timers", "{timer}", "Live timers.", static loop => loop.Core.Timers.Count);
        meter.CreateObservableUpDownCounter("eventloop.executor.queue", ExecutorQueues, "{job}", "Work of the default executor that is queued or runs.");
        Gauge(meter, "eventloop.connections", "{connection}", "Open sockets.", static loop => loop.Core.Io.Open);
        Counter(meter, "eventloop.turns", "{turn}", "Turns of the loop.", static all => all.Turns);
        Counter(meter, "eventloop.steps", "{step}", "Steps of tasks and callbacks.", static all => all.Steps);
        Counter(meter, "eventloop.polls", "{poll}", "Looks at the poller.", static all => all.Polls);
        Counter(meter, "eventloop.wakeups", "{wakeup}", "Times that another thread woke the loop.", static all => all.WakeUps);
        Counter(meter, "eventloop.cancellations", "{cancellation}", "Cancellations that waits have thrown or passed on.", static all => all.Cancellations);
        Counter(meter, "eventloop.stalls", "{stall}", "Steps that took longer than the limit of the stall watch.", static all => all.Stalls);
        meter.CreateObservableCounter("eventloop.time", static () =>
            Both("eventloop.time.state", ("busy", static all => all.Busy), ("idle", static all => all.Idle)), "s", "Time spent running, and sleeping.");
        meter.CreateObservableCounter(
            "eventloop.io", static () =>
                Both("network.io.direction", ("receive", static all => (double)all.Received), ("transmit", static all => (double)all.Sent)).Select(static one =>
                new Measurement<long>((long)one.Value, one.Tags)), "By", "Bytes received and sent by sockets.");
    }

    private static void Gauge(Meter meter, string name, string unit, string description, Func<Loop, int> read) => meter.CreateObservableUpDownCounter(
        name, () => Open().Select(loops => new Measurement<int>(loops.Sum(read), Tag(loops.Key))), unit, description);

    private static void Counter(Meter meter, string name, string unit, string description, Func<Totals, long> read) => meter.CreateObservableCounter(
        name, () => All().Select(one => new Measurement<long>(read(one.Value), Tag(one.Key))), unit, description);

    private static IEnumerable<Measurement<double>> Both(string tag, params (string Value, Func<Totals, double> Read)[] parts)
    {
        foreach (var (name, totals) in All())
        {
            foreach (var (value, read) in parts)
            {
                yield return new Measurement<double>(read(totals), Tag(name), new(tag, value));
            }
        }
    }

    private static IEnumerable<Measurement<int>> TasksByStatus()
    {
        foreach (var loops in Open())
        {
            int running = 0;
            int waiting = 0;
            int all = 0;
            foreach (var loop in loops)
            {
                var known = loop.Statistics;
                running += loop.Core.CurrentTask is null ? 0 : 1;
                waiting += known.WaitingCount;
                all += known.TaskCount;
            }

            yield return new Measurement<int>(running, Tag(loops.Key), new("eventloop.task.status", "running"));
            yield return new Measurement<int>(waiting, Tag(loops.Key), new("eventloop.task.status", "waiting"));
            yield return new Measurement<int>(Math.Max(0, all - running - waiting), Tag(loops.Key), new("eventloop.task.status", "ready"));
        }
    }

    // An executor that several loops of one name share counts once. Of executors that do not know how much they have, nothing is told.
    private static IEnumerable<Measurement<int>> ExecutorQueues()
    {
        foreach (var loops in Open())
        {
            var counted = new HashSet<object>(ReferenceEqualityComparer.Instance);
            int? all = null;
            foreach (var loop in loops)
            {
                all = loop.ExecutorBacklog(counted) is { } jobs ? jobs + (all ?? 0) : all;
            }

            if (all is { } known)
            {
                yield return new Measurement<int>(known, Tag(loops.Key));
            }
        }
    }

    private static IEnumerable<IGrouping<string, Loop>> Open() => Loop.All.GroupBy(static loop => loop.Name, StringComparer.Ordinal);

    private static Dictionary<string, Totals> All()
    {
        lock (Gate)
        {
            var all = new Dictionary<string, Totals>(Closed);
            foreach (var loop in Loop.All)
            {
                all[loop.Name] = all.GetValueOrDefault(loop.Name).Plus(Totals.Of(loop));
            }

            return all;
        }
    }

    private static KeyValuePair<string, object?> Tag(string name) => new(LoopTelemetry.NameTag, name);
}
