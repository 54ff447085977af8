namespace EventLoop.Tool.Commands;

/// <summary>Writes a script that completes the tool's words in a shell.</summary>
internal static class CompletionCommand
{
    private const string Words = "list ps pstree top dump show record trace doctor web completion help --json --name --by --filter --most --all --bunches "
        + "--frames --leaks --ended --timeout --for --format --output --port --interval";

    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        to.WriteLine((line.Operands.Count > 0 ? line.Operands[0] : "") switch
        {
            "bash" => $"complete -W \"{Words}\" -o default eventloop",
            "zsh" => $"compdef '_arguments \"*: :({Words})\"' eventloop",
            "fish" => $"complete -c eventloop -a \"{Words}\"",
            _ => throw new ToolException(ExitCode.Usage, "'eventloop completion' takes bash, zsh or fish: eval \"$(eventloop completion bash)\""),
        });
        return ExitCode.Fine;
    }
}
