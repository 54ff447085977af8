namespace EventLoop.Diagnostics;

/// <summary>A step that took longer than the limit of the stall watch: a <see cref="StallReport"/> as plain data.</summary>
/// <param name="At">Loop time at which the step began.</param>
/// <param name="TaskId">Whose step it was; null: a plain callback's.</param>
/// <param name="Who">"task 'Task-7'", "a callback".</param>
/// <param name="Stack">The coroutine methods of the task, innermost first, as of its last wait.</param>
/// <param name="Duration">How long it took, or takes already.</param>
/// <param name="IsOver">False: it still ran, and the times are those so far.</param>
/// <param name="Processor">The thread was on a core; null where the system does not tell.</param>
/// <param name="WaitedForProcessor">It could run and had no core; null where the system does not tell.</param>
/// <param name="Collector">The process stood still for garbage collection; overlaps the others.</param>
public sealed record StallSnapshot(TimeSpan At, int? TaskId, string Who, IReadOnlyList<string> Stack, TimeSpan Duration, bool IsOver, TimeSpan? Processor,
    TimeSpan? WaitedForProcessor, TimeSpan Collector);
