namespace EventLoop.Diagnostics;

/// <summary>A kind of problem in a snapshot.</summary>
public enum FindingKind
{
    /// <summary>Tasks wait for one another in a cycle.</summary>
    Deadlock,

    /// <summary>A step runs longer than the limit of the stall watch, or than 100 ms; needs the stall watch or the recorder.</summary>
    LongStep,

    /// <summary>A lock is held by a task that waits for something else, and others wait for the lock.</summary>
    LockConvoy,

    /// <summary>A task with a pending cancellation keeps waiting: what it awaits cannot be interrupted.</summary>
    UninterruptibleWait,

    /// <summary>A deadline has passed and its task does not reach its next wait.</summary>
    OverdueDeadline,

    /// <summary>Nine of ten wake-ups of a task, and at least a thousand, were by itself; needs its <see cref="TaskSnapshot.Activity"/>.</summary>
    SelfWaking,

    /// <summary>The steps of a task begin, on average of at least ten, more than 10 ms after their wake-ups, because other steps are too long; needs its
    /// <see cref="TaskSnapshot.Activity"/>.</summary>
    ReadyDelay,

    /// <summary>A task has waited more than a second for room in a queue or channel, or an unbounded queue that somebody waits for or that was
    /// <see cref="NamedResources.Named"/> holds a thousand items or more.</summary>
    Backlog,

    /// <summary>A thousand tasks or more wait for one and the same object.</summary>
    Crowd,
}
