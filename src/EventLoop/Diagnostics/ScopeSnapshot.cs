namespace EventLoop.Diagnostics;

/// <summary>A group, timeout or cancel scope that a task is in.</summary>
/// <param name="Id">The same for all tasks inside it.</param>
/// <param name="Kind">"TaskGroup", "Timeout", "CancelScope".</param>
/// <param name="Name">The name, if it was given one.</param>
/// <param name="Host">The task that opened it.</param>
/// <param name="Remaining">The time left until its deadline; null: none.</param>
/// <param name="Shield">Whether it holds off cancellations around it.</param>
/// <param name="Cancelled">Whether it was cancelled.</param>
/// <param name="Reason">The reason of its cancellation.</param>
public sealed record ScopeSnapshot(int Id, string Kind, string? Name, int Host, TimeSpan? Remaining, bool Shield, bool Cancelled, string? Reason);
