using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>
/// The switches of everything that observes a loop: recorder, observers, stalls, ended tasks, dumps. Any thread may switch them; a change takes effect within
/// a turn.
/// </summary>
public sealed class LoopDiagnostics
{
    private readonly Loop loop;
    private readonly Lock gate = new();      // switches are set on any thread
    private readonly List<DumpWriter> writers = [];
    private WatchedLoop? watched;
    private EndedTaskLog? ended;
    private ActivityCounter? counter;
    private int observers;
    private volatile bool isCounting;
    private bool isRecording;
    private const int StallsKept = 20;

    private readonly List<StallSnapshot> lastStalls = [];      // newest last; under the gate, as is the next
    private long lastStalledStep = -1;      // whose the newest is
    private long stalls;

    internal LoopDiagnostics(Loop loop)
    {
        this.loop = loop;
        Recorder = new LoopRecorder(loop);
    }

    /// <summary>The flight recorder, which holds what happened last.</summary>
    public LoopRecorder Recorder { get; }

    internal long Stalls => Volatile.Read(ref stalls);

    /// <summary>Attaches an observer, which is notified of everything until the result is disposed. Trio: <c>add_instrument</c>.</summary>
    /// <param name="observer">May be attached to several loops.</param>
    /// <returns>Disposing it detaches the observer. Any thread.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="observer"/> is null.</exception>
    public IDisposable Observe(LoopObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        var instrument = new ObserverInstrument(loop, observer);
        NoteObserver(by: 1);
        loop.Core.Instruments.Add(instrument, ObserverInstrument.Needs);
        return instrument;
    }

    // ---- Stalls

    /// <summary>The length from which on a separate thread reports a step as a stall; null: off. No cost to the loop.</summary>
    /// <remarks>
    /// The thread checks every quarter of the limit, but not more often than every 5 ms. It reports nothing while a debugger is attached, nor for a loop whose
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
                    EndLastStall();
                }

                Volatile.Write(ref watched, value is { } given && !loop.IsClosed ? StallWatch.Add(loop, given) : null);
            }
        }
    }

    internal TimeSpan? StepElapsed => Volatile.Read(ref watched)?.Elapsed;

    internal bool IsWatching => Volatile.Read(ref watched) is not null;

    /// <summary>Raised on the watching thread, twice for each stall: when the limit is exceeded, and when the step has ended, unless the limit was changed
    /// meanwhile. Without subscribers stalls are logged. An exception of a subscriber is logged.</summary>
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

    // Under the gate. Nobody watches it to its end: what is known of it is all that there will be.
    private void EndLastStall()
    {
        if (lastStalls is [.., { IsOver: false } last])
        {
            var lasted = loop.Core.Steps == lastStalledStep && !loop.Core.IsParked ? TimeSpan.FromTicks(loop.Core.Clock.Now) - last.At : last.Duration;
            lastStalls[^1] = last with { IsOver = true, Duration = lasted > last.Duration ? lasted : last.Duration };
        }
    }

    /// <returns>Whether it is another one than the newest that is kept.</returns>
    private bool Keep(StallReport report, WatchedLoop by, long step)
    {
        lock (gate)
        {
            var now = TimeSpan.FromTicks(loop.Core.Clock.Now);
            var (began, duration) = (now - report.Duration, report.Duration);
            bool isNew = step != lastStalledStep || lastStalls.Count == 0;
            if (!isNew)
            {
                // Under another limit it may have been watched before.
                var known = lastStalls[^1];
                var least = report.IsOver ? known.Duration : now - known.At;
                (began, duration) = (known.At, duration > least ? duration : least);
                lastStalls.RemoveAt(lastStalls.Count - 1);
            }
            else if (lastStalls.Count == StallsKept)
            {
                lastStalls.RemoveAt(0);
            }

            lastStalls.Add(new StallSnapshot(began, report.TaskId, report.Who, report.Stack, duration, report.IsOver, report.Processor,
                report.WaitedForProcessor, report.Collector));
            lastStalledStep = step;
            if (by.HasLeft)
            {
                EndLastStall();
            }

            return isNew;
        }
    }

    internal void OnStall(StallReport report, WatchedLoop by, long step)
    {
        bool isNew = Keep(report, by, step);
        if (!report.IsOver)
        {
            if (isNew)
            {
                Interlocked.Increment(ref stalls);
            }

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

    /// <summary>How many ended tasks are kept; default 0, none.</summary>
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
                Volatile.Write(ref ended, value == 0 ? null : log);
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

    /// <summary>The tasks that ended last, newest first. Any thread, even after the loop was closed.</summary>
    public IReadOnlyList<EndedTask> EndedTasks => Volatile.Read(ref ended)?.All ?? [];

    // ---- Dumps

    /// <summary>Writes snapshot, ended tasks and recording, for <c>eventloop show</c>: lines of JSON, the first of which has "v" and lists the rest. Any
    /// thread, even while the loop is blocked.</summary>
    /// <param name="to">Receives the bytes.</param>
    public void Dump(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        DumpFile.Write(loop, to);
    }

    /// <summary>Writes such a file to <paramref name="folder"/>, readable only by its owner, whenever one of <paramref name="causes"/> occurs, until the
    /// result is disposed.</summary>
    /// <param name="causes">The causes. For stalls, <see cref="StallLimit"/> has to be set.</param>
    /// <param name="folder">Created if it does not exist. Failures to write are logged.</param>
    /// <param name="most">The most files of loops with this loop's name, or of all that were given none; beyond that the oldest are deleted, those first that
    /// earlier runs of this program have left in the folder. Files of other programs, and of other processes of this one that run, neither count nor are
    /// deleted; in containers, where that cannot be seen, each needs a folder of its own. At most one file every ten seconds.</param>
    /// <returns>Disposing it stops writing.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="most"/> is less than one, or a cause is not defined.</exception>
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

    /// <summary>Prints all loops of the process as text on SIGQUIT (Ctrl-\), without ending the process, until the result is disposed. The environment
    /// variable EVENTLOOP_QUIT=1 does this from the start.</summary>
    /// <param name="to">Null: standard error.</param>
    /// <returns>Disposing it stops writing.</returns>
    public static IDisposable PrintOnQuit(TextWriter? to = null) => new QuitPrinter(to);

    // ---- What each task does: the recorder counts it in passing; for observers alone there is an instrument that does

    /// <param name="by">One more, or one less.</param>
    internal void NoteObserver(int by)
    {
        lock (gate)
        {
            observers += by;
            Count();
        }
    }

    internal void NoteRecorder(bool isOn)
    {
        lock (gate)
        {
            isRecording = isOn;
            Count();
        }
    }

    private void Count()
    {
        isCounting = isRecording || observers > 0;
        bool needsCounter = isCounting && !isRecording;
        if (needsCounter && counter is null)
        {
            counter = new ActivityCounter(loop.Core);
            loop.Core.Instruments.Add(counter, ActivityCounter.Needs, first: true);
        }
        else if (!needsCounter && counter is { } before)
        {
            counter = null;
            loop.Core.Instruments.Remove(before);
        }
    }

    /// <summary>What a task has done; null unless somebody has counted since the task began.</summary>
    internal TaskActivity? ActivityOf(LoopTask task) => isCounting && task.Counts is { } counts
        ? new TaskActivity(
            counts.Steps, TimeSpan.FromTicks(counts.RunTicks), TimeSpan.FromTicks(counts.ReadyTicks), counts.SelfWakes, counts.WokenBy == 0 ? null
                : counts.WokenBy)
        : null;

    /// <summary>Called when the loop is closed: instruments are detached; what was kept remains.</summary>
    internal void OnClosed()
    {
        lock (gate)
        {
            if (watched is not null)
            {
                Volatile.Write(ref watched, null);
                StallWatch.OnClosed();
            }
        }

        Recorder.Close();
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
