namespace EventLoop.Diagnostics;

/// <summary>The step that runs.</summary>
/// <param name="TaskId">Null: a plain callback.</param>
/// <param name="Who">"task 'Task-7'", "a callback".</param>
/// <param name="Elapsed">To the period of the stall watch; null where neither that nor the recorder is on.</param>
public sealed record StepSnapshot(int? TaskId, string Who, TimeSpan? Elapsed);
