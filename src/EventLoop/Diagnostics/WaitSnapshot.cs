namespace EventLoop.Diagnostics;

/// <summary>What a task waits for.</summary>
/// <param name="Kind">Of what.</param>
/// <param name="Text">In words, as <see cref="LoopTask.WaitingOn"/>: "lock 'orders' (held by task 'Task-7')".</param>
/// <param name="ObjectId">The same number for the same object within a snapshot: who waits for what others wait for. Of a group it is its
/// <see cref="ScopeSnapshot.Id"/>. 0: it is no object.</param>
/// <param name="Name">The object's, where it was <see cref="NamedResources.Named"/> or has a name of its own, as tasks and groups.</param>
/// <param name="Blockers">The tasks that have to do something before the wait can end: the awaited one, the holder of the lock, the borrowers of a limiter, the
/// unfinished ones of a gather or group. Empty: not known, or something outside the loop.</param>
/// <param name="Remaining">Until it ends by itself, as a sleep; null: it does not.</param>
public sealed record WaitSnapshot(WaitKind Kind, string Text, int ObjectId, string? Name, IReadOnlyList<int> Blockers, TimeSpan? Remaining);
