namespace EventLoop;

/// <summary>One worker process of a pool at the moment of the query.</summary>
/// <param name="Id">Its number in the pool, which is not reused.</param>
/// <param name="ProcessId">Its process ID.</param>
/// <param name="State">Its state.</param>
/// <param name="Work">The name of the running method; null: none.</param>
/// <param name="Running">How long that has been running.</param>
/// <param name="TasksDone">How many pieces of work it has done.</param>
/// <param name="ResidentBytes">Its resident memory.</param>
public sealed record WorkerInfo(int Id, int ProcessId, WorkerState State, string? Work, TimeSpan Running, long TasksDone, long ResidentBytes);
