using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>
/// The switches of everything that watches a loop: recorder, observers, stalls, ended tasks, dumps. Any thread may switch; it takes effect within a turn.
/// </summary>
public sealed class LoopDiagnostics
{
    private readonly Loop loop;
    private readonly Lock gate = new();      // it is switched on any thread
    private readonly List<DumpWriter> writers = [];
    private StallWatch.Watched? watched;
    private EndedTaskLog? ended;
    private ActivityCounter? counter;
    private int counters;
    private bool countsTimes;
    private const int StallsKept = 20;

    private readonly List<StallSnapshot> lastStalls = [];      // newest last; under the gate
    private long stalls;

    internal LoopDiagnostics(Loop loop)
    {
        this.loop = loop;
        Recorder = new LoopRecorder(loop);
    }

    /// <summary>What happened last: the flight recorder.</summary>
    public LoopRecorder Recorder { get; }

    internal long Stalls => Volatile.Read(ref stalls);

    /// <summary>Told of everything until the result is disposed. Trio: <c>add_instrument</c>.</summary>
    /// <param name="observer">May be on several loops.</param>
    /// <returns>Disposing it takes the observer off. Any thread.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="observer"/> is null.</exception>
    public IDisposable Observe(LoopObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        var instrument = new ObserverInstrument(loop, observer);
        StartCounting(withTimes: true);
        loop.Core.Instruments.Add(instrument, ObserverInstrument.Needs);
        return instrument;
    }

    // ---- Stalls

    /// <summary>Has a thread beside the loop notice steps that run longer; null: off. No cost to the loop.</summary>
    /// <remarks>
    /// It looks every quarter of the limit, at least 5 ms apart. None is noticed while a debugger is attached, nor on a loop whose
    /// <see cref="LoopOptions.TimeProvider"/> is not the system's.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">Zero or negative.</exception>
    public TimeSpan? StallLimit
    {
        get => Volatile.Read(ref watched)?.Limit;
        set
        {
            if (value is { } limit)
            {
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero, nameof(value));
            }

            lock (gate)
            {
                if (watched is { } before)
                {
                    StallWatch.Remove(before);
                }

                Volatile.Write(ref watched, value is { } given && !loop.IsClosed ? StallWatch.Add(loop, given) : null);
            }
        }
    }

    internal TimeSpan? StepElapsed => Volatile.Read(ref watched)?.Elapsed;

    internal bool IsWatching => Volatile.Read(ref watched) is not null;

    /// <summary>Called on the watching thread, twice for each stall: when the limit is passed, and when the step has ended. Nobody subscribed: it is logged.
    /// What a subscriber throws is logged.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "MA0046:Use EventHandler<T> to declare events", Justification = "The report names its loop.")]
    public event Action<StallReport>? Stalled;

    /// <summary>The last twenty stalls, newest first. Any thread, also after the loop was closed.</summary>
    public IReadOnlyList<StallSnapshot> LastStalls
    {
        get
        {
            lock (gate)
            {
                return [.. lastStalls.AsEnumerable().Reverse()];
            }
        }
    }

    private void Keep(StallReport report)
    {
        lock (gate)
        {
            var began = TimeSpan.FromTicks(loop.Core.Clock.Now) - report.Duration;
            if (lastStalls.Count > 0 && !lastStalls[^1].IsOver)
            {
                began = lastStalls[^1].At;
                lastStalls.RemoveAt(lastStalls.Count - 1);
            }
            else if (lastStalls.Count == StallsKept)
            {
                lastStalls.RemoveAt(0);
            }

            lastStalls.Add(new StallSnapshot(began, report.TaskId, report.Who, report.Stack, report.Duration, report.IsOver, report.Processor,
                report.WaitedForProcessor, report.Collector));
        }
    }

    internal void OnStall(StallReport report)
    {
        Keep(report);
        if (!report.IsOver)
        {
            Interlocked.Increment(ref stalls);
            Write(DumpCauses.Stall);
        }

        if (Stalled is not { } told)
        {
            loop.LogStall(report);
            return;
        }

        foreach (var one in told.GetInvocationList())
        {
            try
            {
                ((Action<StallReport>)one)(report);
            }
            catch (Exception failure)
            {
                loop.LogFailure("A subscriber of LoopDiagnostics.Stalled threw", failure);
            }
        }
    }

    // ---- Ended tasks

    /// <summary>How many ended tasks are remembered; 0, the default: none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public int EndedTasksKept
    {
        get => Volatile.Read(ref ended)?.Kept ?? 0;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            lock (gate)
            {
                if (ended is null && value == 0)
                {
                    return;
                }

                bool wasOff = ended is null || ended.Kept == 0;
                var log = ended ?? new EndedTaskLog(loop.Core);
                log.Kept = value;
                Volatile.Write(ref ended, log);
                if (value == 0)
                {
                    loop.Core.Instruments.Remove(log);
                }
                else if (wasOff)
                {
                    loop.Core.Instruments.Add(log, EndedTaskLog.Needs);
                }
            }
        }
    }

    /// <summary>Newest first. Any thread, also after the loop was closed.</summary>
    public IReadOnlyList<EndedTask> EndedTasks => Volatile.Read(ref ended)?.All ?? [];

    // ---- Dumps

    /// <summary>Snapshot, ended tasks and recording in one file, for <c>eventloop show</c>: lines of JSON, the first with "v" and what follows. Any thread,
    /// also while the loop is blocked.</summary>
    /// <param name="to">Gets the bytes.</param>
    public void Dump(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        DumpFile.Write(loop, to);
    }

    /// <summary>Writes such a file to <paramref name="folder"/>, readable by its owner only, whenever one of
    /// <paramref name="causes"/> comes about, until the result is disposed.</summary>
    /// <param name="causes">When. For a stall there has to be a <see cref="StallLimit"/>.</param>
    /// <param name="folder">Is made if it is not there. What cannot be written is logged.</param>
    /// <param name="most">So many files; then the oldest go. No more than one in ten seconds.</param>
    /// <returns>Disposing it ends that.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="most"/> is less than one, or there are no such causes.</exception>
    public IDisposable DumpOn(DumpCauses causes, string folder, int most = 10)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        if ((causes & ~DumpCauses.All) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(causes), causes, "There are no such causes.");
        }

        var writer = new DumpWriter(loop, causes, Path.GetFullPath(folder), most, Forget);
        lock (gate)
        {
            writers.Add(writer);
        }

        writer.Start();
        return writer;
    }

    private void Forget(DumpWriter writer)
    {
        lock (gate)
        {
            writers.Remove(writer);
        }
    }

    internal void Write(DumpCauses cause)
    {
        DumpWriter[] all;
        lock (gate)
        {
            all = [.. writers];
        }

        foreach (var writer in all)
        {
            writer.Write(cause);
        }
    }

    /// <summary>On SIGQUIT (Ctrl-\) prints all loops of the process as text and lets it live; until disposed. The
    /// environment variable EVENTLOOP_QUIT=1 does it from the start.</summary>
    /// <param name="to">Null: standard error.</param>
    /// <returns>Disposing it ends that.</returns>
    public static IDisposable PrintOnQuit(TextWriter? to = null) => new QuitPrinter(to);

    // ---- What each task does

    internal void StartCounting(bool withTimes)
    {
        lock (gate)
        {
            counters++;
            if (counter is not null && (countsTimes || !withTimes))
            {
                return;
            }

            if (counter is { } before)
            {
                loop.Core.Instruments.Remove(before);
            }

            countsTimes = withTimes;
            counter = new ActivityCounter(loop.Core, withTimes);
            loop.Core.Instruments.Add(counter, counter.Needs, first: true);
        }
    }

    internal void StopCounting()
    {
        lock (gate)
        {
            if (--counters == 0)
            {
                loop.Core.Instruments.Remove(counter!);
                counter = null;
                countsTimes = false;
            }
        }
    }

    /// <summary>Null unless somebody counts, and has from the task's beginning on.</summary>
    internal TaskActivity? ActivityOf(LoopTask task) => Volatile.Read(ref counters) > 0 && task.Counts is { } counts
        ? new TaskActivity(
            counts.Steps, TimeSpan.FromTicks(counts.RunTicks), TimeSpan.FromTicks(counts.ReadyTicks), counts.SelfWakes, counts.WokenBy == 0 ? null
                : counts.WokenBy)
        : null;

    /// <summary>The loop is closed: what watched it lets go; what was kept stays.</summary>
    internal void OnClosed()
    {
        StallLimit = null;
        Recorder.Stop();
        DumpWriter[] all;
        lock (gate)
        {
            all = [.. writers];
        }

        foreach (var writer in all)
        {
            writer.Dispose();
        }
    }
}
