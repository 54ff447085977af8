namespace EventLoop;

/// <summary>The worker process ended while it ran this piece of work. The message contains all of the properties.</summary>
public sealed class WorkerCrashedException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">The message.</param>
    public WorkerCrashedException(string message)
        : base(message)
    {
    }

    internal WorkerCrashedException(WorkerCrash crash, ExitStatus status, string work, TimeSpan running, int processId, string standardError)
        : base($"Worker process {processId} ended ({crash switch
        {
            WorkerCrash.Killed => "killed by KillWorkers",
            WorkerCrash.MemoryLimit => "killed, because it went over MemoryLimit",
            WorkerCrash.KilledForMemory => "killed by the system for want of memory",
            _ => status.ToString(),
        }}) {running.TotalSeconds:0.###} s after it had begun {work}.{(standardError.Trim() is { Length: > 0 } said ? $" It wrote: {said}" : "")}")
    {
        Crash = crash;
        ExitStatus = status;
        Work = work;
        Running = running;
        ProcessId = processId;
        StandardError = standardError;
    }

    /// <summary>The cause.</summary>
    public WorkerCrash Crash { get; }

    /// <summary>How the process ended.</summary>
    public ExitStatus ExitStatus { get; }

    /// <summary>The name of the method that ran.</summary>
    public string Work { get; } = "";

    /// <summary>How long that had been running.</summary>
    public TimeSpan Running { get; }

    /// <summary>The process ID of the worker.</summary>
    public int ProcessId { get; }

    /// <summary>The end of its error output.</summary>
    public string StandardError { get; } = "";
}
