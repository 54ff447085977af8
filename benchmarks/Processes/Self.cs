using EventLoop;

namespace Processes;

/// <summary>This program again.</summary>
internal static class Self
{
    public static ProcessCommand Command(params string[] arguments) => new(Environment.ProcessPath!,
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(Self).Assembly.Location, .. arguments] : arguments);
}
