namespace EventLoop;

/// <summary>Why a worker process ended in the middle of work.</summary>
public enum WorkerCrash
{
    /// <summary>It called Exit, or was made to end.</summary>
    Exited,

    /// <summary>By a signal: SIGABRT is an unhandled exception, FailFast or a stack overflow; the error output says which.</summary>
    Signaled,

    /// <summary>By SIGKILL, while the system's count of processes killed for lack of memory rose.</summary>
    KilledForMemory,

    /// <summary>It exceeded <see cref="ProcessExecutorOptions.MemoryLimit"/>.</summary>
    MemoryLimit,

    /// <summary>By <see cref="ProcessExecutor.KillWorkers"/>.</summary>
    Killed,
}
