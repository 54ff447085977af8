namespace EventLoop;

/// <summary>Why a worker process ended in the middle of work.</summary>
public enum WorkerCrash
{
    /// <summary>It called Exit, or was made to end.</summary>
    Exited,

    /// <summary>A signal: SIGABRT is an unhandled exception, FailFast or a stack overflow; the error output says which.</summary>
    Signaled,

    /// <summary>SIGKILL, and the system's count of processes killed for memory has risen.</summary>
    KilledForMemory,

    /// <summary>Over <see cref="ProcessExecutorOptions.MemoryLimit"/>.</summary>
    MemoryLimit,

    /// <summary>By <see cref="ProcessExecutor.KillWorkers"/>.</summary>
    Killed,
}
