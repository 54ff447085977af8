using System.Diagnostics;

namespace EventLoop.Tool.Tests;

/// <summary>Where the tool and the target were built: beside the tests.</summary>
internal static class Programs
{
    private static readonly string Here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);

    internal static string PathOf(string project) =>
        Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(Here))!, project, Path.GetFileName(Here), project + ".dll");

    /// <summary>What runs a program that may write files of so many bytes, and finds the disk full then.</summary>
    internal static string[] WithDiskOf(int bytes) =>
        ["env", "--ignore-signal=XFSZ", "DOTNET_EnableWriteXorExecute=0", "prlimit",
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"--fsize={bytes}")];

    /// <summary>What runs a program as somebody who may do nothing.</summary>
    internal static readonly string[] AsNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

    /// <summary>What runs the target as if it had been published without event sources.</summary>
    internal static string[] WithoutEventSources(string folder)
    {
        string program = PathOf("EventLoop.Tool.Target");
        var settings = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.ChangeExtension(program, ".runtimeconfig.json")))!;
        settings["runtimeOptions"]!["configProperties"] ??= new System.Text.Json.Nodes.JsonObject();
        settings["runtimeOptions"]!["configProperties"]!["System.Diagnostics.Tracing.EventSource.IsSupported"] = false;
        string file = Path.Combine(folder, "without.runtimeconfig.json");
        File.WriteAllText(file, settings.ToJsonString());
        return ["dotnet", "exec", "--runtimeconfig", file, "--depsfile", Path.ChangeExtension(program, ".deps.json"), program];
    }

    internal static bool Exists(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <param name="project">The program.</param>
    /// <param name="arguments">Its own.</param>
    /// <param name="by">A command that runs it in its turn.</param>
    internal static ProcessStartInfo Start(string project, IEnumerable<string> arguments, params string[] by)
    {
        string[] command = by.Contains(PathOf(project)) ? [.. by, .. arguments] : [.. by, "dotnet", PathOf(project), .. arguments];
        var start = new ProcessStartInfo(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }
}

/// <summary>A process to look into; it is killed at the end.</summary>
internal sealed class TargetProcess : IDisposable
{
    private readonly Process process;
    private readonly StringWriter errors = new();

    private TargetProcess(Process process)
    {
        this.process = process;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (errors)
            {
                errors.WriteLine(line.Data);
            }
        };
        process.BeginErrorReadLine();
    }

    internal int Id => process.Id;

    internal bool HasExited => process.HasExited;

    internal string Errors
    {
        get
        {
            lock (errors)
            {
                return errors.ToString();
            }
        }
    }

    internal static TargetProcess Run(string mode, params (string Name, string Value)[] environment) => Run([mode], [], environment);

    internal static TargetProcess Run(string[] arguments, string[] by, params (string Name, string Value)[] environment)
    {
        var start = Programs.Start("EventLoop.Tool.Target", arguments, by);
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var target = new TargetProcess(Process.Start(start)!);
        var ready = target.process.StandardOutput.ReadLineAsync();
        if (!ready.Wait(TimeSpan.FromSeconds(60)) || ready.Result != "ready")
        {
            string errors = target.Errors;
            target.Dispose();
            throw new InvalidOperationException($"The target did not come up: {ready.Result} {errors}");
        }

        return target;
    }

    internal void Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    internal void Kill() => process.Kill();

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit(10_000);
        }

        process.Dispose();
    }
}

/// <summary>What one run of the tool came to.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Errors, TimeSpan Took)
{
    internal static Task<ToolRun> StartAsync(params string[] arguments) => Task.Run(() => Run(arguments));

    internal static ToolRun Run(params string[] arguments) => RunBy([], arguments);

    internal static ToolRun RunBy(string[] by, params string[] arguments) => Run(Programs.Start("EventLoop.Tool", arguments, by));

    internal static ToolRun RunShell(string line) => Run(new ProcessStartInfo("sh", ["-c", line])
    {
        RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
    });

    private static ToolRun Run(ProcessStartInfo start)
    {
        long began = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(90_000))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{start.FileName} {string.Join(' ', start.ArgumentList)}' did not end.");
        }

        return new ToolRun(process.ExitCode, output.Result, errors.Result, Stopwatch.GetElapsedTime(began));
    }
}
