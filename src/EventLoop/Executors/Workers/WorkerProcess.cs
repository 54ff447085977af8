using EventLoop.Executors.Workers;

namespace EventLoop;

/// <summary>The worker's side of a program.</summary>
public static class WorkerProcess
{
    /// <summary>In a worker's environment: marks it as a worker. After the colon are the previous startup hooks.</summary>
    internal const string Variable = "EVENTLOOP_WORKER";

    /// <summary>.NET's variable for startup hooks.</summary>
    internal const string HooksVariable = "DOTNET_STARTUP_HOOKS";

    /// <summary>Whether this process is a worker.</summary>
    public static bool IsWorker { get; private set; }

    /// <summary>Whether it was started as a worker and runs its Main nevertheless.</summary>
    internal static bool IsMissed => Environment.GetEnvironmentVariable(Variable) is not null;

    /// <summary>
    /// To be called first in Main where workers cannot be stopped before it (trimmed, AOT) or where <see cref="ProcessExecutorOptions.WorkerCommand"/> names
    /// this program: true if this process was a worker and has ended its work. Elsewhere it does nothing.
    /// </summary>
    public static bool Run()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { } before)
        {
            return IsWorker;
        }

        // Its own children are ordinary processes.
        Environment.SetEnvironmentVariable(Variable, null);
        Environment.SetEnvironmentVariable(HooksVariable, before.Length > 1 ? before[1..] : null);
        IsWorker = true;
        new WorkerServer().Serve();
        return true;
    }
}
