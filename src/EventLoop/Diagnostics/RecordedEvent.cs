namespace EventLoop.Diagnostics;

/// <summary>One record.</summary>
/// <param name="Kind">What it tells of.</param>
/// <param name="Task">Whose; 0: a callback, or the loop itself.</param>
/// <param name="Time">Loop time at which it began.</param>
/// <param name="Duration">Of steps, idle times and stalls; a wake-up has none.</param>
/// <param name="Other">Of a wake-up or creation: the task that caused it; 0: a callback, a timer, I/O
/// or another thread. Of a mark: the number of its label.</param>
public readonly record struct RecordedEvent(RecordedEventKind Kind, TimeSpan Time, TimeSpan Duration, int Task, int Other);
