using EventLoop.Debugging;
using EventLoop.Diagnostics;

namespace EventLoop;

// Seeing inside: what is there, one moment of it, and the switchboard for all that watches.
public sealed partial class Loop
{
    private static readonly LoopRegister Register = new();

    private LoopDiagnostics? diagnostics;      // any thread, made when it is first asked for
    private StepMeasure? measure;

    /// <summary>The loops of this process that are not closed, in the order they were made. Any thread.</summary>
    public static IReadOnlyList<Loop> All => Register.All;

    /// <summary>Counts from 1 within the process; what the tools call the loop by.</summary>
    public int Id => Core.Id;

    /// <summary>Recorder, observers, stalls, ended tasks, dumps: all off until asked for, and free while off.</summary>
    public LoopDiagnostics Diagnostics => Volatile.Read(ref diagnostics) ?? LazyInitializer.EnsureInitialized(ref diagnostics, () => new LoopDiagnostics(this));

    internal LoopDiagnostics? DiagnosticsIfAny => Volatile.Read(ref diagnostics);

    /// <summary>What every task does now. asyncio: <c>capture_call_graph</c> for all tasks.</summary>
    /// <param name="options">What is listed; null: the defaults.</param>
    /// <remarks>
    /// <b>Thread:</b> any. On the loop's own thread it is exact; elsewhere it is read while the loop runs, or is stuck, and never stops or waits for it:
    /// each task is whole, two tasks may be a moment apart (<see cref="LoopSnapshot.IsExact"/>). A task that lives through the call is in it.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="SnapshotOptions.MostTasks"/> is negative.</exception>
    public LoopSnapshot TakeSnapshot(SnapshotOptions? options = null) => SnapshotReader.Take(this, options);

    internal TaskActivity? ActivityOf(LoopTask task) => DiagnosticsIfAny?.ActivityOf(task);

    /// <summary>A step that takes so long is a stall to the recorder.</summary>
    internal long StallTicks => DiagnosticsIfAny?.StallLimit?.Ticks ?? long.MaxValue;

    /// <summary>How long the step has run that runs now: as the recorder knows, or the stall watch; null: nobody watches.</summary>
    internal TimeSpan? StepElapsed() => DiagnosticsIfAny is not { } watching ? null
        : watching.Recorder.RunningSince is { } since ? TimeSpan.FromTicks(Math.Max(0, Core.Clock.Now - since))
        : watching.IsWatching ? watching.StepElapsed ?? TimeSpan.Zero
        : null;

    /// <summary>Work of its own executor that is queued or runs.</summary>
    internal int ExecutorBacklog => Executors.Backlog;

    private void BeginDiagnostics()
    {
        Register.Add(this);
        LoopMetrics.Start();
        LoopEventSource.Start();
        Core.MeasureChanged = Measure;
    }

    private void EndDiagnostics()
    {
        LoopMetrics.OnClosed(this);
        Register.Remove(this);
        DiagnosticsIfAny?.OnClosed();
    }

    // Somebody listens to the histograms of steps, or nobody does any more.
    private void Measure(bool on)
    {
        measure ??= new StepMeasure(this);
        if (on)
        {
            Core.Instruments.Add(measure, StepMeasure.Needs);
        }
        else
        {
            Core.Instruments.Remove(measure);
        }
    }

    internal void OnObserverFailed(LoopObserver observer, Exception failure) =>
        LogFailure($"The observer {observer.GetType().Name} threw and was taken off", failure);

    /// <summary>Something beside the loop went wrong. Any thread.</summary>
    internal void LogFailure(string what, Exception failure) => Log.DiagnosticsFailed(LogTarget, failure, what, Name);

    internal void LogStarvedPool(TimeSpan since) => Log.PoolStarved(LogTarget, Name, since.TotalSeconds);

    internal void LogStall(StallReport report) => Log.Stalled(LogTarget, report.ToString());
}
