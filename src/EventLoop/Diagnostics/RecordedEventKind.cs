namespace EventLoop.Diagnostics;

/// <summary>What a record is about.</summary>
public enum RecordedEventKind
{
    /// <summary>A step of a task, or of a plain callback.</summary>
    Step,

    /// <summary>A task was made ready.</summary>
    Wake,

    /// <summary>The loop was blocked in the poller.</summary>
    Idle,

    /// <summary>A step that took longer than <see cref="LoopDiagnostics.StallLimit"/>.</summary>
    Stall,

    /// <summary>A task was made.</summary>
    TaskCreated,

    /// <summary>A task ended.</summary>
    TaskEnded,

    /// <summary>A moment that the program has marked: <see cref="LoopRecorder.Mark"/>.</summary>
    Mark,
}
