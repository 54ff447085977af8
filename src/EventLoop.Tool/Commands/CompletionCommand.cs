namespace EventLoop.Tool.Commands;

/// <summary>Writes a script that completes the tool's words in a shell.</summary>
internal static class CompletionCommand
{
    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        string words = string.Join(' ', CommandLine.Words);
        to.WriteLine((line.Operands.Count > 0 ? line.Operands[0] : "") switch
        {
            "bash" => $"complete -W \"{words}\" -o default eventloop",
            "zsh" => $"compdef '_arguments \"*: :({words})\"' eventloop",
            "fish" => $"complete -c eventloop -a \"{words}\"",
            _ => throw new ToolException(ExitCode.Usage, "'eventloop completion' takes bash, zsh or fish: eval \"$(eventloop completion bash)\""),
        });
        return ExitCode.Fine;
    }
}
