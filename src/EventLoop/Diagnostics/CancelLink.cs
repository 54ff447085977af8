namespace EventLoop.Diagnostics;

/// <summary>One link in the chain of a cancellation.</summary>
/// <param name="By">"task 'Task-7'", "timeout", "cancel scope", "task group 'fetch'", "task group 'fetch' (sibling failed)", "token" (from outside), "Ctrl-C",
/// "SIGTERM", "end of the run", "a callback", "another thread".</param>
/// <param name="TaskId">The task behind it: the one that called Cancel, the sibling that failed, or the one through whose wait the request came; for a
/// timeout, scope or group its host. Null: no task.</param>
/// <param name="Reason">The reason passed to Cancel; for a failed sibling the type and message of its failure.</param>
/// <param name="At">The loop time.</param>
public sealed record CancelLink(string By, int? TaskId, string? Reason, TimeSpan At);
