namespace EventLoop.Diagnostics;

/// <summary>Where the time of a long step went. Time that was neither on a processor, nor waiting for one, nor in the collector was spent blocked: in a lock,
/// a system call, a sleep.</summary>
/// <param name="Loop">The loop that was held up.</param>
/// <param name="TaskId">The task whose step it was; null: a plain callback's.</param>
/// <param name="Who">"task 'Task-7'", "a callback".</param>
/// <param name="Stack">The coroutine methods of the task, innermost first, as of its last wait; a tool can add the thread's own frames.</param>
/// <param name="Duration">How long the step took, or has taken so far.</param>
/// <param name="IsOver">Whether the step has ended; if not, the times are those so far.</param>
/// <param name="Processor">How long the thread was on a core; null where the system does not say.</param>
/// <param name="WaitedForProcessor">How long it could have run but had no core; null where the system does not say.</param>
/// <param name="Collector">How long the process was suspended for garbage collection; overlaps the others.</param>
public sealed record StallReport(Loop Loop, int? TaskId, string Who, IReadOnlyList<string> Stack, TimeSpan Duration, bool IsOver, TimeSpan? Processor,
    TimeSpan? WaitedForProcessor, TimeSpan Collector)
{
    /// <summary>The report in one sentence.</summary>
    public override string ToString()
    {
        string times = Processor is { } processor && WaitedForProcessor is { } waited
            ? $"processor {PlainText.Short(processor)}, waited for a core {PlainText.Short(waited)}, blocked {PlainText.Short(Blocked(processor, waited))}, "
                + $"collector {PlainText.Short(Collector)}"
            : $"collector {PlainText.Short(Collector)}";
        string where = SnapshotText.StackOf(Stack) is { Length: > 0 } stack ? $", last waited in {stack}" : "";
        return PlainText.Escape($"A step of {Who} {(IsOver ? "took" : "has been running for")} {PlainText.Short(Duration)} on loop '{Loop.Name}' "
            + $"({times}){where}");
    }

    private TimeSpan Blocked(TimeSpan processor, TimeSpan waited)
    {
        var rest = Duration - processor - waited;
        return rest < TimeSpan.Zero ? TimeSpan.Zero : rest;
    }
}
