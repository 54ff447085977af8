namespace EventLoop.Diagnostics;

/// <summary>What this process is called, as the tool calls it: a program that runs under "dotnet" is known by its assembly.</summary>
internal static class ProgramName
{
    /// <summary>Empty: unknown.</summary>
    internal static string Value { get; } = Of(Environment.ProcessPath, Environment.GetCommandLineArgs());

    internal static string Of(string? path, string[] arguments)
    {
        string name = Without(".exe", Path.GetFileName(path) ?? "");
        return name == "dotnet" && arguments.Length > 0 && Path.GetFileName(arguments[0]) is { Length: > 0 } program ? Without(".dll", program) : name;
    }

    // Names have dots: not everything behind the last one is an extension.
    private static string Without(string extension, string name) =>
        name.EndsWith(extension, StringComparison.OrdinalIgnoreCase) ? name[..^extension.Length] : name;
}
