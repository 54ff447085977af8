namespace EventLoop.Tool;

/// <summary>Ends a command with a message and an exit code.</summary>
internal sealed class ToolException(ExitCode code, string message) : Exception(message)
{
    internal ExitCode Code => code;
}
