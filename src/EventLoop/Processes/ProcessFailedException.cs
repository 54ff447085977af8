namespace EventLoop;

/// <summary>A run that had to succeed did not. Python: <c>CalledProcessError</c>. The message has the command, the status and the end of the error
/// output.</summary>
public sealed class ProcessFailedException : Exception
{
    /// <summary>Makes the exception for a command that failed.</summary>
    /// <param name="command">The command that was run.</param>
    /// <param name="status">How it ended.</param>
    /// <param name="standardError">Its error output, of which the end is kept.</param>
    public ProcessFailedException(ProcessCommand command, ExitStatus status, string standardError)
        : base(Describe(command, status, Tail(standardError)))
    {
        Command = command;
        ExitStatus = status;
        StandardError = Tail(standardError);
    }

    /// <summary>The command that was run.</summary>
    public ProcessCommand Command { get; }

    /// <summary>How it ended.</summary>
    public ExitStatus ExitStatus { get; }

    /// <summary>The end of the error output, at most 8 KiB; empty where it was not captured.</summary>
    public string StandardError { get; }

    internal const int MostKept = 8 * 1024;

    private static string Tail(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length <= MostKept)
        {
            return text;
        }

        int start = text.Length - MostKept;
        return text[(char.IsLowSurrogate(text[start]) ? start + 1 : start)..];
    }

    private static string Describe(ProcessCommand command, ExitStatus status, string error)
    {
        ArgumentNullException.ThrowIfNull(command);
        string said = error.Trim();
        return $"{command} ended with {status}{(said.Length > 0 ? $". It wrote: {said}" : ".")}";
    }
}
