using System.Globalization;

namespace EventLoop.Tool;

/// <summary>The arguments: a command, its subject, options with and without values.</summary>
internal sealed class CommandLine
{
    private static readonly HashSet<string> WithValue = ["--name", "--by", "--filter", "--most", "--timeout", "-o", "--output", "--for", "--interval", "--port",
        "--capacity", "--format", "--count"];
    private static readonly HashSet<string> Flags = ["--json", "--all", "--bunches", "--frames", "--leaks", "--ended", "--help", "-h", "--version", "--once",
        "--loop"];

    private readonly Dictionary<string, string> options = [];

    private CommandLine(string command, IReadOnlyList<string> operands)
    {
        Command = command;
        Operands = operands;
    }

    internal string Command { get; }

    /// <summary>A process id or a file.</summary>
    internal IReadOnlyList<string> Operands { get; }

    internal bool Json => Has("--json");

    internal string? Loop => Value("--name");

    internal TimeSpan Timeout => Seconds("--timeout", TimeSpan.FromSeconds(10));

    internal string? Output => Value("-o") ?? Value("--output");

    internal static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var operands = new List<string>();
        var options = new Dictionary<string, string>();
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            int equals = argument.StartsWith("--", StringComparison.Ordinal) ? argument.IndexOf('=') : -1;
            string name = equals > 0 ? argument[..equals] : argument;
            if (WithValue.Contains(name))
            {
                options[name] = equals > 0 ? argument[(equals + 1)..]
                    : ++i < arguments.Count ? arguments[i]
                    : throw new ToolException(ExitCode.Usage, $"{name} needs a value.");
            }
            else if (Flags.Contains(argument))
            {
                options[argument] = "";
            }
            else if (argument.StartsWith('-') && argument.Length > 1)
            {
                throw new ToolException(ExitCode.Usage, $"There is no option {argument}. 'eventloop --help' lists them.");
            }
            else
            {
                operands.Add(argument);
            }
        }

        if (options.TryGetValue("-o", out string? file) || options.TryGetValue("--output", out file))
        {
            if (file.Length == 0)
            {
                throw new ToolException(ExitCode.Usage, "-o needs the name of a file.");
            }
        }

        string command = operands.Count > 0 ? operands[0] : "";
        if (operands.Count > (command == "list" ? 1 : 2))
        {
            throw new ToolException(ExitCode.Usage, $"'{operands[^1]}' is too much: 'eventloop --help' says what {command} takes.");
        }

        var line = new CommandLine(command, [.. operands.Skip(1)]);
        foreach (var (name, value) in options)
        {
            line.options[name] = value;
        }

        return line;
    }

    internal bool Has(string flag) => options.ContainsKey(flag);

    internal string? Value(string option) => options.GetValueOrDefault(option);

    internal int Number(string option, int otherwise) => Value(option) is not { } text ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
        : throw new ToolException(ExitCode.Usage, $"{option} needs a number, and '{text}' is none.");

    /// <summary>"10", "10s", "500ms", "2m".</summary>
    internal TimeSpan Seconds(string option, TimeSpan otherwise)
    {
        if (Value(option) is not { } text)
        {
            return otherwise;
        }

        (string number, double unit) = text.EndsWith("ms", StringComparison.Ordinal) ? (text[..^2], 0.001)
            : text.EndsWith('s') ? (text[..^1], 1)
            : text.EndsWith('m') ? (text[..^1], 60)
            : (text, 1);
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds * unit is > 0 and < 86_400
            ? TimeSpan.FromSeconds(seconds * unit)
            : throw new ToolException(ExitCode.Usage, $"{option} needs a time such as 10s, and '{text}' is none.");
    }

    /// <summary>The process that is meant; null: a file, or nothing.</summary>
    internal int? Process => Operands.Count > 0 && int.TryParse(Operands[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : null;

    internal int RequiredProcess =>
        Process ?? throw new ToolException(ExitCode.Usage, $"'eventloop {Command}' needs the id of a process: 'eventloop list' shows those that answer.");
}
