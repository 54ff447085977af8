namespace EventLoop.Diagnostics;

/// <summary>One record.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Task">The task; 0: a callback, or the loop itself.</param>
/// <param name="Time">The loop time at which it began.</param>
/// <param name="Duration">The length of a step, idle time or stall; zero for a wake-up.</param>
/// <param name="Other">For a wake-up or creation, the task that caused it; 0: a callback, a timer, I/O or another thread. For a mark, the number of its
/// label.</param>
public readonly record struct RecordedEvent(RecordedEventKind Kind, TimeSpan Time, TimeSpan Duration, int Task, int Other);
