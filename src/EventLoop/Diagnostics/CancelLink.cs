namespace EventLoop.Diagnostics;

/// <summary>One station on the way of a cancellation.</summary>
/// <param name="By">"task 'Task-7'", "timeout", "cancel scope", "task group 'fetch'", "task group 'fetch' (sibling failed)", "token" (from outside), "Ctrl-C",
/// "SIGTERM", "end of the run", "a callback", "another thread".</param>
/// <param name="TaskId">Who did it: the task that called Cancel, the sibling that failed, the task through whose wait the
/// request came; of a timeout, scope or group its host. Null: no task.</param>
/// <param name="Reason">The one given to Cancel; of a failed sibling type and message of its failure.</param>
/// <param name="At">Loop time.</param>
public sealed record CancelLink(string By, int? TaskId, string? Reason, TimeSpan At);
