namespace EventLoop;

/// <summary>One worker process of a pool, as it was when somebody looked.</summary>
/// <param name="Id">Its number in the pool, which none after it gets.</param>
/// <param name="ProcessId">Its number in the system.</param>
/// <param name="State">What it does.</param>
/// <param name="Work">The name of the method that runs; null: none.</param>
/// <param name="Running">For how long.</param>
/// <param name="TasksDone">How much it has done.</param>
/// <param name="ResidentBytes">What it has in memory.</param>
public sealed record WorkerInfo(int Id, int ProcessId, WorkerState State, string? Work, TimeSpan Running, long TasksDone, long ResidentBytes);
