namespace EventLoop.Diagnostics;

/// <summary>Tasks that are at the same place for the same reason.</summary>
/// <param name="Count">The number of tasks.</param>
/// <param name="Status">The status of each.</param>
/// <param name="Wait">The kind of what each waits for; null: nothing.</param>
/// <param name="Text">The wait in words, without what differs from task to task.</param>
/// <param name="Stack">The coroutine methods that each is in, innermost first.</param>
/// <param name="Oldest">How long the longest-standing one has been there.</param>
/// <param name="Examples">Some of them, oldest first.</param>
public sealed record TaskBunch(int Count, LoopTaskStatus Status, WaitKind? Wait, string? Text, IReadOnlyList<string> Stack, TimeSpan Oldest,
    IReadOnlyList<int> Examples);
