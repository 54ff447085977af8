using EventLoop.Diagnostics;

namespace EventLoop;

// Seeing inside: what is there, and one moment of it.
public sealed partial class Loop
{
    private static readonly LoopRegister Register = new();

    /// <summary>The loops of this process that are not closed, in the order they were made. Any thread.</summary>
    public static IReadOnlyList<Loop> All => Register.All;

    /// <summary>Counts from 1 within the process; what the tools call the loop by.</summary>
    public int Id => Core.Id;

    /// <summary>What every task does now. asyncio: <c>capture_call_graph</c> for all tasks.</summary>
    /// <param name="options">What is listed; null: the defaults.</param>
    /// <remarks>
    /// <b>Thread:</b> any. On the loop's own thread it is exact; elsewhere it is read while the loop runs, or is stuck, and never stops or waits for it:
    /// each task is whole, two tasks may be a moment apart (<see cref="LoopSnapshot.IsExact"/>). A task that lives through the call is in it.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="SnapshotOptions.MostTasks"/> is negative.</exception>
    public LoopSnapshot TakeSnapshot(SnapshotOptions? options = null) => SnapshotReader.Take(this, options);

    internal TimeSpan? StallLimitForProblems => null;

    internal TimeSpan? StepElapsed() => null;

    internal TaskActivity? ActivityOf(LoopTask task) => null;
}
