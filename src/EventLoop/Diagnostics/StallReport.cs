namespace EventLoop.Diagnostics;

/// <summary>Where the time of a long step went. What is not processor, queue or collector was spent blocked: in a lock, a system call, a sleep.</summary>
/// <param name="Loop">The loop that stood still.</param>
/// <param name="TaskId">Whose step it was; null: a plain callback's.</param>
/// <param name="Who">"task 'Task-7'", "a callback".</param>
/// <param name="Stack">The coroutine methods of the task, innermost first, as of its last wait; the thread's own frames a tool can add.</param>
/// <param name="Duration">How long it took, or takes already.</param>
/// <param name="IsOver">False: it still runs, and the times are those so far.</param>
/// <param name="Processor">The thread was on a core; null where the system does not tell.</param>
/// <param name="WaitedForProcessor">It could run and had no core; null where the system does not tell.</param>
/// <param name="Collector">The process stood still for garbage collection; overlaps the others.</param>
public sealed record StallReport(Loop Loop, int? TaskId, string Who, IReadOnlyList<string> Stack, TimeSpan Duration, bool IsOver, TimeSpan? Processor,
    TimeSpan? WaitedForProcessor, TimeSpan Collector)
{
    /// <summary>In one sentence.</summary>
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
