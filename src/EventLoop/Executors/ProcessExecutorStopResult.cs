namespace EventLoop;

/// <summary>The result of stopping a pool.</summary>
/// <param name="Canceled">Work that was cancelled while it ran.</param>
/// <param name="Withdrawn">Work that was not known to run: in the queue, where it never begins, or sent ahead to a busy worker, where it may have.</param>
/// <param name="Killed">Workers that had to be killed.</param>
public readonly record struct ProcessExecutorStopResult(int Canceled, int Withdrawn, int Killed);
