namespace EventLoop.Diagnostics;

/// <summary>A task that has ended.</summary>
/// <param name="Id"><see cref="LoopTask.Id"/>.</param>
/// <param name="Name"><see cref="LoopTask.Name"/>.</param>
/// <param name="Status">How it ended.</param>
/// <param name="EndedAt">Loop time.</param>
/// <param name="Lived">From its creation to its end.</param>
/// <param name="CreatedBy">The task that made it; null: the program.</param>
/// <param name="Failure">Type and message.</param>
/// <param name="CancelledBy">The way of the cancellation, from whoever began it to this task; empty unless cancelled.</param>
public sealed record EndedTask(int Id, string Name, LoopTaskStatus Status, TimeSpan EndedAt, TimeSpan Lived, int? CreatedBy, string? Failure,
    IReadOnlyList<CancelLink> CancelledBy);
