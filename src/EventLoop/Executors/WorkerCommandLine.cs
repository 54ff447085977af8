using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;

namespace EventLoop.Executors;

/// <summary>Finds out how to start this program again as a worker.</summary>
internal static class WorkerCommandLine
{
    private const string Hook = "EventLoop";       // by the simple name of its assembly: found wherever the program finds it

    private static readonly string StartFolder = Environment.CurrentDirectory;

    internal static ProcessCommand Build(ProcessExecutorOptions options, System.Runtime.InteropServices.SafeHandle socket)
    {
        var command = options.WorkerCommand ?? ThisProgram();
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            // A server garbage collector would have a heap for every processor in each worker.
            ["DOTNET_gcServer"] = "0",
        };
        if (options.MemoryLimit is { } limit)
        {
            environment["DOTNET_GCHeapHardLimit"] = limit.ToString("X", CultureInfo.InvariantCulture);
        }

        Add(environment, command.Environment);
        Add(environment, options.Environment);
        string? hooks = environment.TryGetValue(WorkerProcess.HooksVariable, out string? given)
            ? given : Environment.GetEnvironmentVariable(WorkerProcess.HooksVariable);
        environment[WorkerProcess.Variable] = $":{hooks}";
        if (options.WorkerCommand is null)
        {
            environment[WorkerProcess.HooksVariable] = string.IsNullOrEmpty(hooks) ? Hook : $"{hooks}:{Hook}";
        }

        return command with
        {
            Environment = environment,
            Input = Stdio.Null,
            Output = command.Output.Or(Stdio.Inherit),
            Error = Stdio.Pipe,
            Group = ProcessGroup.NewSession,
            InheritedHandles = [socket, .. command.InheritedHandles],
            StopGrace = TimeSpan.Zero,
            DrainTimeout = TimeSpan.FromMilliseconds(200),
        };
    }

    /// <exception cref="PlatformNotSupportedException">The program cannot be stopped before its Main.</exception>
    private static ProcessCommand ThisProgram()
    {
        if (AppContext.TryGetSwitch("System.StartupHookProvider.IsSupported", out bool hasHooks) && !hasHooks)
        {
            throw new PlatformNotSupportedException(
                "This program has no startup hooks (it is trimmed, or says StartupHookSupport=false), so a worker would run its Main. Call "
                    + "WorkerProcess.Run() first in Main, and name this program as ProcessExecutorOptions.WorkerCommand.");
        }

        string path = Environment.ProcessPath
            ?? throw new PlatformNotSupportedException("The program's own file is not known. Set ProcessExecutorOptions.WorkerCommand.");
        return IsHost(path)
            ? new ProcessCommand(path, HostArguments(File.ReadAllText("/proc/self/cmdline").TrimEnd('\0').Split('\0'), StartFolder))
            : new ProcessCommand(path);
    }

    /// <summary>Whether it is .NET's own program, which starts another one, and not a program's own host, whatever that is called.</summary>
    internal static bool IsHost(string path) => Path.GetFileName(path) == "dotnet";

    /// <summary>"dotnet [exec] [--option value]... program.dll ...": everything up to the program, whatever the host is.</summary>
    /// <param name="all">How this program was started.</param>
    /// <param name="folder">Where; workers may be started elsewhere.</param>
    internal static List<string> HostArguments(string[] all, string folder)
    {
        List<string> taken = [];
        for (int i = 1; i < all.Length; i++)
        {
            string argument = all[i];
            if (argument == "exec")
            {
                taken.Add(argument);
            }
            else if (argument.StartsWith('-') && i + 1 < all.Length)
            {
                taken.Add(argument);
                string value = all[++i];
                taken.Add(argument switch
                {
                    "--runtimeconfig" or "--depsfile" or "--additionalprobingpath" => AbsoluteIfThere(value, folder),
                    "--additional-deps" => string.Join(Path.PathSeparator, value.Split(Path.PathSeparator).Select(one => AbsoluteIfThere(one, folder))),
                    _ => value,
                });
            }
            else
            {
                taken.Add(Path.IsPathRooted(argument) ? argument : Absolute(argument, folder));
                return taken;
            }
        }

        throw new PlatformNotSupportedException("How this program was started cannot be told from its command line. Set ProcessExecutorOptions.WorkerCommand.");
    }

    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "A program in a single file is not started by dotnet.")]
    private static string Absolute(string program, string folder)
    {
        string here = Path.GetFullPath(program, folder);
        return File.Exists(here) ? here : Assembly.GetEntryAssembly()?.Location is { Length: > 0 } known ? known : here;
    }

    private static string AbsoluteIfThere(string path, string folder)
    {
        string here = Path.GetFullPath(path, folder);
        return path.Length > 0 && Path.Exists(here) ? here : path;
    }

    private static void Add(Dictionary<string, string?> environment, IReadOnlyDictionary<string, string?>? changes)
    {
        foreach (var (name, value) in changes ?? new Dictionary<string, string?>())
        {
            environment[name] = value;
        }
    }
}
