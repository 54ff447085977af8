namespace EventLoop.Diagnostics;

/// <summary>What a record tells of.</summary>
public enum RecordedEventKind
{
    /// <summary>A step of a task, or of a plain callback.</summary>
    Step,

    /// <summary>A task was made ready.</summary>
    Wake,

    /// <summary>The loop slept.</summary>
    Idle,

    /// <summary>A step that took longer than <see cref="LoopDiagnostics.StallLimit"/>.</summary>
    Stall,

    /// <summary>A task was made.</summary>
    TaskCreated,

    /// <summary>A task has ended.</summary>
    TaskEnded,

    /// <summary>A moment that the program has noted: <see cref="LoopRecorder.Mark"/>.</summary>
    Mark,
}

/// <summary>One record.</summary>
/// <param name="Kind">What it tells of.</param>
/// <param name="Task">Whose; 0: a callback, or the loop itself.</param>
/// <param name="Time">Loop time at which it began.</param>
/// <param name="Duration">Of steps, idle times and stalls; a wake-up has none.</param>
/// <param name="Other">Of a wake-up or creation: the task that caused it; 0: a callback, a timer, I/O
/// or another thread. Of a mark: the number of its label.</param>
public readonly record struct RecordedEvent(RecordedEventKind Kind, TimeSpan Time, TimeSpan Duration, int Task, int Other);
