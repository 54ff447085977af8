namespace EventLoop.Diagnostics;

/// <summary>The kind of thing that a task waits for.</summary>
public enum WaitKind
{
    /// <summary>A signal, or a wait of a user's own.</summary>
    Other,

    /// <summary>Time to pass.</summary>
    Sleep,

    /// <summary>A task; shielded or not.</summary>
    Task,

    /// <summary>A future; shielded or not.</summary>
    Future,

    /// <summary>The children of a task group.</summary>
    Group,

    /// <summary>Several at once: gather, wait, as_completed.</summary>
    Gather,

    /// <summary>A lock, also to take it back after a condition was notified.</summary>
    Lock,

    /// <summary>A permit of a semaphore.</summary>
    Semaphore,

    /// <summary>An event to be set.</summary>
    Event,

    /// <summary>A condition to be notified.</summary>
    Condition,

    /// <summary>The others at a barrier.</summary>
    Barrier,

    /// <summary>An item, room, or until everything is done; the text says which.</summary>
    Queue,

    /// <summary>To send or to receive; the text says which.</summary>
    Channel,

    /// <summary>A token of a capacity limiter.</summary>
    Limiter,

    /// <summary>To connect, accept, read or write; TLS and datagrams included.</summary>
    Socket,

    /// <summary>A child process, and its pipes.</summary>
    Process,

    /// <summary>Work in an executor.</summary>
    Thread,

    /// <summary>A foreign awaitable: a .NET task, value task or awaiter.</summary>
    Foreign,
}
