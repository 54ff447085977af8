using System.Diagnostics;
using System.Globalization;

namespace Inside;

/// <summary>A target, and the tool that is run beside it.</summary>
internal sealed class Child : IDisposable
{
    private readonly Process process;

    private Child(Process process) => this.process = process;

    internal string Id => process.Id.ToString(CultureInfo.InvariantCulture);

    internal static Child Start(string mode, params string[] arguments) => StartBy([], mode, arguments);

    internal static Child StartBy(string[] by, string mode, params string[] arguments)
    {
        var child = new Child(Start([.. by, "dotnet", typeof(Child).Assembly.Location, "target", mode, .. arguments]));
        return child.process.StandardOutput.ReadLine() == "ready" ? child : throw new InvalidOperationException($"The target {mode} did not come up.");
    }

    internal string? Ask()
    {
        process.StandardInput.WriteLine();
        return process.StandardOutput.ReadLine();
    }

    internal string? Line() => process.StandardOutput.ReadLine();

    /// <summary>In MB.</summary>
    internal double Memory => double.Parse(
        File.ReadLines($"/proc/{Id}/status").First(static line => line.StartsWith("VmRSS", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) / 1024;

    private static Process Start(string[] command)
    {
        var start = new ProcessStartInfo(command[0]) { RedirectStandardOutput = true, RedirectStandardInput = true, RedirectStandardError = true };
        foreach (string one in command.Skip(1))
        {
            start.ArgumentList.Add(one);
        }

        var process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    internal static Process StartTool(params string[] arguments)
    {
        string here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        string tool = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(here))!, "EventLoop.Tool", Path.GetFileName(here), "EventLoop.Tool.dll");
        return Start(["dotnet", tool, .. arguments]);
    }

    /// <returns>What it wrote, and how long it took from start to end, in milliseconds.</returns>
    internal static (string Output, double Milliseconds) Tool(params string[] arguments)
    {
        long then = Stopwatch.GetTimestamp();
        using var tool = StartTool(arguments);
        string output = tool.StandardOutput.ReadToEnd();
        tool.WaitForExit();
        return (output, Stopwatch.GetElapsedTime(then).TotalMilliseconds);
    }

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
