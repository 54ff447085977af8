using System.Globalization;

namespace EventLoop.Tool;

/// <summary>The arguments: a command, its subject, options with and without values.</summary>
internal sealed class CommandLine
{
    private static readonly HashSet<string> WithValue = ["--name", "--by", "--filter", "--most", "--timeout", "-o", "--output", "--for", "--interval", "--port",
        "--capacity", "--format", "--count"];
    private static readonly HashSet<string> Flags = ["--json", "--all", "--bunches", "--frames", "--leaks", "--ended", "--help", "-h", "--version", "--once"];
    private static readonly string[] OfEach = ["--json", "--timeout", "--help", "-h", "--version"];
    private static readonly string[] Choosing = ["--name", "--filter", "--most", "--all"];

    // What means nothing to a command is refused: who has asked for it would take the answer for another.
    private static readonly Dictionary<string, string[]> Taken = new()
    {
        ["list"] = [],
        ["ps"] = [.. Choosing, "--bunches", "--frames"],
        ["pstree"] = [.. Choosing, "--by"],
        ["top"] = ["--name", "--filter", "--interval", "--count", "--once"],
        ["dump"] = ["--name", "--frames", "-o", "--output"],
        ["show"] = [.. Choosing, "--bunches", "--by", "--ended"],
        ["record"] = ["--name", "--for", "--capacity", "-o", "--output"],
        ["trace"] = ["--name", "--format", "-o", "--output"],
        ["doctor"] = ["--name", "--leaks"],
        ["web"] = [.. Choosing, "--port"],
        ["completion"] = [],
        ["help"] = [],
    };

    // So is what contradicts another option, or means nothing beside it.
    private static readonly (string Command, string Option, string[] Others)[] Apart =
    [
        ("ps", "--all", ["--most"]),
        ("ps", "--bunches", ["--all", "--most"]),
        ("pstree", "--all", ["--most"]),
        ("top", "--once", ["--count"]),
        ("show", "--all", ["--most"]),
        ("show", "--bunches", ["--by"]),
        ("show", "--ended", ["--filter", "--most", "--all", "--by", "--bunches"]),      // as JSON it comes after the others
        ("doctor", "--leaks", ["--name"]),      // the heap does not tell whose a task is
        ("web", "--all", ["--most"]),
    ];

    private readonly Dictionary<string, string> options = [];

    private CommandLine(string command, IReadOnlyList<string> operands)
    {
        Command = command;
        Operands = operands;
    }

    /// <summary>Commands and options, for the completion of a shell.</summary>
    internal static IEnumerable<string> Words =>
        Taken.Keys.Concat(OfEach).Concat(Taken.Values.SelectMany(static options => options)).Distinct().Where(static word => word is not ("-h" or "-o"));

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

        Refuse(command, options.Keys);
        var line = new CommandLine(command, [.. operands.Skip(1)]);
        foreach (var (name, value) in options)
        {
            line.options[name] = value;
        }

        return line;
    }

    private static void Refuse(string command, IReadOnlyCollection<string> options)
    {
        if (!Taken.TryGetValue(command.Length > 0 ? command : "list", out string[]? taken))
        {
            return;      // there is no such command, which is told later
        }

        foreach (string option in options)
        {
            if (!OfEach.Contains(option) && !taken.Contains(option))
            {
                throw new ToolException(ExitCode.Usage, $"{option} means nothing to 'eventloop {command}': 'eventloop --help' says what takes it.");
            }
        }

        foreach (var (of, option, others) in Apart)
        {
            bool counts = of == command && options.Contains(option) && !(option == "--ended" && options.Contains("--json"));
            if (counts && Array.Find(others, one => options.Contains(one)) is { } other)
            {
                throw new ToolException(ExitCode.Usage, $"{other} means nothing beside {option}.");
            }
        }
    }

    /// <summary>Refuses the options that choose loops and tasks.</summary>
    /// <param name="because">Why there is nothing to choose.</param>
    internal void RefuseChoice(string because)
    {
        if (Choosing.FirstOrDefault(Has) is { } option)
        {
            throw new ToolException(ExitCode.Usage, $"{because}: {option} means nothing there.");
        }
    }

    internal bool Has(string flag) => options.ContainsKey(flag);

    internal string? Value(string option) => options.GetValueOrDefault(option);

    internal int Number(string option, int otherwise, int least = 0, int most = int.MaxValue) => Value(option) is not { } text ? otherwise
        : !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? throw new ToolException(ExitCode.Usage, $"{option} needs a number, and '{text}' is none.")
        : number >= least && number <= most ? number
        : throw new ToolException(ExitCode.Usage, $"{option} needs a number {(most < int.MaxValue ? $"from {least} to {most}" : $"of {least} or more")}.");

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
