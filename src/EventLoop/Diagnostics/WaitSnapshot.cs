namespace EventLoop.Diagnostics;

/// <summary>What a task waits for.</summary>
/// <param name="Kind">The kind of wait.</param>
/// <param name="Text">The wait in words, like <see cref="LoopTask.WaitingOn"/>: "lock 'orders' (held by task 'Task-7')".</param>
/// <param name="ObjectId">Equal for waits for the same object within a snapshot. For a group it is its <see cref="ScopeSnapshot.Id"/>. 0: not an
/// object.</param>
/// <param name="Name">The object's name, if it was <see cref="NamedResources.Named"/> or has one of its own, like tasks and groups.</param>
/// <param name="Blockers">The tasks that have to do something before the wait can end: the awaited one, the holder of the lock, the borrowers of a limiter,
/// the unfinished ones of a gather or group. Empty: unknown, or something outside the loop.</param>
/// <param name="Remaining">The time left until it ends by itself, like a sleep; null: it does not.</param>
public sealed record WaitSnapshot(WaitKind Kind, string Text, int ObjectId, string? Name, IReadOnlyList<int> Blockers, TimeSpan? Remaining);
