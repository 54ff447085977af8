using System.Diagnostics;

namespace Downloads;

/// <summary>A program that was built into the folder of this one; this one is among them.</summary>
internal static class SiblingProgram
{
    /// <summary>Talks to it through standard input and output; its errors go where ours go.</summary>
    public static ProcessStartInfo Start(string name, params IEnumerable<string> arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? name + ".exe" : name);
        var start = File.Exists(program)
            ? new ProcessStartInfo(program, arguments)
            : new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, name + ".dll"), .. arguments]);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        return start;
    }
}
