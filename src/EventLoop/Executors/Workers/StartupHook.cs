using EventLoop;

/// <summary>What .NET calls before Main in a process that has this assembly among its startup hooks: a worker of a <see cref="ProcessExecutor"/>, which never
/// reaches its Main.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "MA0047:Declare types in namespaces", Justification = ".NET looks for it by this name alone.")]
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
