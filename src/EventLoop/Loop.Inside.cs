using EventLoop.Debugging;
using EventLoop.Diagnostics;

namespace EventLoop;

// Looking inside: what there is, snapshots of it, and the switchboard for everything that observes.
public sealed partial class Loop
{
    private static readonly LoopRegister Register = new();

    private LoopDiagnostics? diagnostics;      // any thread; made when it is first asked for
    private StepMeasure? measure;

    /// <summary>The loops of this process that are not closed, in the order they were made. Any thread.</summary>
    public static IReadOnlyList<Loop> All => Register.All;

    /// <summary>Identifies the loop to the tools; counts from 1 within the process.</summary>
    public int Id => Core.Id;

    /// <summary>Recorder, observers, stalls, finished tasks, dumps: all off until asked for, and free of cost while off.</summary>
    public LoopDiagnostics Diagnostics => Volatile.Read(ref diagnostics) ?? LazyInitializer.EnsureInitialized(ref diagnostics, () => new LoopDiagnostics(this));

    internal LoopDiagnostics? DiagnosticsIfAny => Volatile.Read(ref diagnostics);

    /// <summary>Captures what every task is doing. asyncio: <c>capture_call_graph</c> for all tasks.</summary>
    /// <param name="options">What to include; null: the defaults.</param>
    /// <remarks>
    /// <b>Thread:</b> any. On the loop's own thread the snapshot is exact; elsewhere it is taken while the loop runs, or is stuck, and never stops or waits
    /// for it: each task is consistent in itself, and two tasks may be a moment apart (<see cref="LoopSnapshot.IsExact"/>). A task that exists throughout the
    /// call is included.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="SnapshotOptions.MostTasks"/> is negative.</exception>
    public LoopSnapshot TakeSnapshot(SnapshotOptions? options = null) => SnapshotReader.Take(this, options);

    internal TaskActivity? ActivityOf(LoopTask task) => DiagnosticsIfAny?.ActivityOf(task);

    /// <summary>The length from which on a step is a stall to the recorder.</summary>
    internal long StallTicks => DiagnosticsIfAny?.StallLimit?.Ticks ?? long.MaxValue;

    /// <summary>How long the running step has run, as the recorder or the stall watch knows; null where nobody measures it.</summary>
    internal TimeSpan? StepElapsed() => DiagnosticsIfAny is not { } watching ? null
        : watching.Recorder.RunningSince is { } since ? TimeSpan.FromTicks(Math.Max(0, Core.Clock.Now - since))
        : watching.IsWatching ? watching.StepElapsed ?? TimeSpan.Zero
        : null;

    /// <summary>How much work of its default executor is queued or running; null: that does not say. Any thread.</summary>
    /// <param name="counted">Executors that are not counted again; afterwards these as well.</param>
    internal int? ExecutorBacklog(HashSet<object> counted) => Executors.Backlog(counted);

    /// <summary>The longest times that the metrics have told of it. Theirs, under their lock.</summary>
    internal (TimeSpan Busy, TimeSpan Idle) TimesTold;

    private void BeginDiagnostics()
    {
        Register.Add(this);
        LoopMetrics.Start();
        LoopEventSource.Start();
        Core.MeasureChanged = Measure;
    }

    private void EndDiagnostics()
    {
        LoopMetrics.Close(this);
        Register.Remove(this);
        DiagnosticsIfAny?.OnClosed();
    }

    // The histograms of steps have got their first listener, or lost their last.
    private void Measure(bool on)
    {
        if (on)
        {
            measure = new StepMeasure(this);      // nothing of what was heard by an earlier listener is true now
            Core.Instruments.Add(measure, StepMeasure.Needs);
        }
        else
        {
            Core.Instruments.Remove(measure!);
        }
    }

    internal void OnObserverFailed(LoopObserver observer, Exception failure) =>
        LogFailure($"The observer {observer.GetType().Name} threw and was taken off", failure);

    /// <summary>Logs a failure of the diagnostics themselves. Any thread.</summary>
    internal void LogFailure(string what, Exception failure) => Log.DiagnosticsFailed(LogTarget, failure, what, Name);

    internal void LogStarvedPool(TimeSpan since) => Log.PoolStarved(LogTarget, Name, since.TotalSeconds);

    /// <summary>Who waits for what, in words.</summary>
    internal string ReportWaits() => StandstillReport.Of(this);

    internal void LogStall(StallReport report) => Log.Stalled(LogTarget, report.ToString());
}
