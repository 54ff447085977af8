using EventLoop;

/// <summary>What .NET calls before Main in a process that has this assembly among its startup hooks: a worker of a <see cref="ProcessExecutor"/>, which never comes to its Main.</summary>
internal static class StartupHook
{
    internal static void Initialize()
    {
        if (WorkerProcess.Run())
        {
            Environment.Exit(0);
        }
    }
}
