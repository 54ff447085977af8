using System.Globalization;
using System.Text.Json;

namespace Processes;

/// <summary>Lines of figures, each with its goal.</summary>
internal sealed class Report(bool isQuick)
{
    private readonly List<(string What, double Value, string Unit, double? Goal, bool AtLeast)> lines = [];

    /// <summary>Fewer rounds and smaller numbers.</summary>
    public bool IsQuick => isQuick;

    public int Rounds => isQuick ? 2 : 5;

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <param name="what">What was measured.</param>
    /// <param name="value">What came out.</param>
    /// <param name="unit">Of it; empty for a ratio.</param>
    /// <param name="goal">Null: it has none.</param>
    /// <param name="atLeast">The goal is the least, not the most.</param>
    public void Add(string what, double value, string unit = "", double? goal = null, bool atLeast = false) => lines.Add((what, value, unit, goal, atLeast));

    /// <summary>A word on what could not be measured.</summary>
    public void Say(string text) => Console.Error.WriteLine(text);

    /// <summary>All lines for a file.</summary>
    public string ToJson() => JsonSerializer.Serialize(lines.Select(static line => new { what = line.What.Trim(), isPart = line.What.StartsWith(' '),
        value = double.Round(line.Value, 4), unit = line.Unit, goal = line.Goal, atLeast = line.AtLeast }));

    public void Print()
    {
        foreach (var (what, value, unit, goal, atLeast) in lines)
        {
            string held = goal is not { } limit
                ? "" : $"{(atLeast ? ">=" : "<=")} "
                + $"{limit.ToString("0.##", CultureInfo.InvariantCulture)}{((atLeast ? value >= limit : value <= limit) ? "" : "  MISSED")}";
            Console.WriteLine($"{what,-76}{value.ToString(value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture),10} {unit,-4} {held}");
        }
    }
}
