namespace EventLoop.Diagnostics;

/// <summary>What looks wrong in a snapshot.</summary>
public enum FindingKind
{
    /// <summary>Tasks wait for one another in a ring.</summary>
    Deadlock,

    /// <summary>A step runs longer than the limit of the stall watch, or than 100 ms; needs the stall watch or the recorder.</summary>
    LongStep,

    /// <summary>A lock is held by a task that waits for something else, and others wait for the lock.</summary>
    LockConvoy,

    /// <summary>A task with a pending cancellation waits on: what it awaits cannot be interrupted.</summary>
    UninterruptibleWait,

    /// <summary>A deadline has passed and its task does not come to its next wait.</summary>
    OverdueDeadline,

    /// <summary>Nine of ten wake-ups of a task, and at least a thousand, were by itself; needs its <see cref="TaskSnapshot.Activity"/>.</summary>
    SelfWaking,

    /// <summary>The steps of a task begin, on average of at least ten, more than 10 ms after their wake-ups: the steps of others are too long; needs its
    /// <see cref="TaskSnapshot.Activity"/>.</summary>
    ReadyDelay,

    /// <summary>A task has waited more than a second for room in a queue or channel, or an unbounded queue that somebody waits for or that was
    /// <see cref="NamedResources.Named"/> holds a thousand items or more.</summary>
    Backlog,

    /// <summary>A thousand tasks or more wait for one and the same object.</summary>
    Crowd,
}
