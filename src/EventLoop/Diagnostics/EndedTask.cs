namespace EventLoop.Diagnostics;

/// <summary>A task that has ended.</summary>
/// <param name="Id"><see cref="LoopTask.Id"/>.</param>
/// <param name="Name"><see cref="LoopTask.Name"/>.</param>
/// <param name="Status">How it ended.</param>
/// <param name="EndedAt">The loop time of its end.</param>
/// <param name="Lived">The time from its creation to its end.</param>
/// <param name="CreatedBy">The task that made it; null: code outside any task.</param>
/// <param name="Failure">The type and message of its failure.</param>
/// <param name="CancelledBy">The chain of the cancellation, from its origin to this task; empty unless cancelled.</param>
public sealed record EndedTask(int Id, string Name, LoopTaskStatus Status, TimeSpan EndedAt, TimeSpan Lived, int? CreatedBy, string? Failure,
    IReadOnlyList<CancelLink> CancelledBy);
