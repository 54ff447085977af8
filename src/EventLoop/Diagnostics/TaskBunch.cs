namespace EventLoop.Diagnostics;

/// <summary>Tasks that stand at the same place for the same reason.</summary>
/// <param name="Count">How many.</param>
/// <param name="Status">Of each.</param>
/// <param name="Wait">What kind of thing each waits for; null: nothing.</param>
/// <param name="Text">In words, without what differs from task to task.</param>
/// <param name="Stack">The coroutine methods that each is in, innermost first.</param>
/// <param name="Oldest">How long the one that has stood longest has been there.</param>
/// <param name="Examples">Some of them, the oldest first.</param>
public sealed record TaskBunch(int Count, LoopTaskStatus Status, WaitKind? Wait, string? Text, IReadOnlyList<string> Stack, TimeSpan Oldest,
    IReadOnlyList<int> Examples);
