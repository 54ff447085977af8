using EventLoop.Executors.Workers;

namespace EventLoop;

/// <summary>The worker's side of a program.</summary>
public static class WorkerProcess
{
    /// <summary>In a worker's environment: that it is one. What is behind the colon were the startup hooks before.</summary>
    internal const string Variable = "EVENTLOOP_WORKER";

    /// <summary>Of .NET's.</summary>
    internal const string HooksVariable = "DOTNET_STARTUP_HOOKS";

    /// <summary>Whether this process is a worker.</summary>
    public static bool IsWorker { get; private set; }

    /// <summary>Whether it was started as a worker and runs its Main all the same.</summary>
    internal static bool IsMissed => Environment.GetEnvironmentVariable(Variable) is not null;

    /// <summary>
    /// First in Main where workers cannot be stopped before it (trimmed, AOT) or <see cref="ProcessExecutorOptions.WorkerCommand"/> names this program: true
    /// when this process was a worker, and has ended its work. Elsewhere it does no harm.
    /// </summary>
    public static bool Run()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { } before)
        {
            return IsWorker;
        }

        // Its own children are ordinary.
        Environment.SetEnvironmentVariable(Variable, null);
        Environment.SetEnvironmentVariable(HooksVariable, before.Length > 1 ? before[1..] : null);
        IsWorker = true;
        new WorkerServer().Serve();
        return true;
    }
}
