namespace EventLoop.Diagnostics;

/// <summary>A group, timeout or cancel scope that a task is in.</summary>
/// <param name="Id">The same for all tasks inside it.</param>
/// <param name="Kind">"TaskGroup", "Timeout", "CancelScope".</param>
/// <param name="Name">Where it was given one.</param>
/// <param name="Host">The task that opened it.</param>
/// <param name="Remaining">Until its deadline; null: none.</param>
/// <param name="Shield">It holds off whatever is cancelled around it.</param>
/// <param name="Cancelled">It was cancelled.</param>
/// <param name="Reason">Why.</param>
public sealed record ScopeSnapshot(int Id, string Kind, string? Name, int Host, TimeSpan? Remaining, bool Shield, bool Cancelled, string? Reason);
