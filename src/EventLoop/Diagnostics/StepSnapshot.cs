namespace EventLoop.Diagnostics;

/// <summary>The running step.</summary>
/// <param name="TaskId">The task whose step it is; null: a plain callback.</param>
/// <param name="Who">"task 'Task-7'", "a callback".</param>
/// <param name="Elapsed">How long it has run, to the period of the stall watch; null where neither that nor the recorder is on.</param>
public sealed record StepSnapshot(int? TaskId, string Who, TimeSpan? Elapsed);
