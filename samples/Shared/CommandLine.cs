using System.Globalization;

namespace EventLoop.Samples;

/// <summary>What the user typed after `--`: options are taken one by one, and what nobody took is an error.</summary>
internal sealed class CommandLine
{
    private readonly List<string> _left;

    private CommandLine(IEnumerable<string> args) => _left = [.. args];

    /// <summary>Runs a sample: `--help` prints the usage, a wrong option prints what is wrong with it and ends with exit code 2.</summary>
    public static int Run(string[] args, string usage, Func<CommandLine, int> sample)
    {
        if (args.Any(arg => arg is "--help" or "-h"))
        {
            Console.WriteLine(usage);
            return 0;
        }
        try
        {
            return sample(new CommandLine(args));
        }
        catch (UsageException wrong)
        {
            Console.Error.WriteLine(wrong.Message);
            Console.Error.WriteLine();
            Console.Error.WriteLine(usage);
            return 2;
        }
    }

    public int Number(string option, int otherwise, int least, int most = int.MaxValue)
    {
        if (Text(option) is not { } text)
            return otherwise;
        if (int.TryParse(text, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most)
            return number;
        string range = most == int.MaxValue ? $"of at least {least}" : $"from {least} to {most}";
        throw new UsageException($"{option} takes a whole number {range}, not '{text}'.");
    }

    public double Factor(string option, double otherwise)
    {
        if (Text(option) is not { } text)
            return otherwise;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double factor) && factor is > 0 and <= 1000)
            return factor;
        throw new UsageException($"{option} takes a positive number such as 0.01, at most 1000, not '{text}'.");
    }

    /// <summary>The value of `--option value` or `--option=value`; null where it was not given.</summary>
    public string? Text(string option)
    {
        int at = _left.FindIndex(arg => arg == option || arg.StartsWith(option + "=", StringComparison.Ordinal));
        if (at < 0)
            return null;

        string value = _left[at][Math.Min(option.Length + 1, _left[at].Length)..];
        if (_left[at] == option && at + 1 < _left.Count)
        {
            value = _left[at + 1];
            _left.RemoveAt(at);
        }
        _left.RemoveAt(at);
        return value is "" || value.StartsWith("--", StringComparison.Ordinal)
            ? throw new UsageException($"{option} needs a value.")
            : value;
    }

    /// <summary>Whether `--option` was given; it takes no value.</summary>
    public bool Flag(string option) => _left.Remove(option);

    /// <summary>The arguments that are no options. Asked for last: an option that is still left is unknown or was given twice.</summary>
    public IReadOnlyList<string> Rest() => _left.Find(arg => arg.StartsWith('-')) is { } unknown
        ? throw new UsageException($"Unknown or repeated option {unknown}.")
        : _left;

    /// <summary>For samples that take options and nothing else.</summary>
    public void ExpectNoMore()
    {
        if (Rest() is [var extra, ..])
            throw new UsageException($"Unexpected argument '{extra}'.");
    }
}

internal sealed class UsageException(string message) : Exception(message);
