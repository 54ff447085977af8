using System.Globalization;

namespace Processes;

/// <summary>Lines of figures, each with its goal.</summary>
internal sealed class Report
{
    private readonly List<(string What, double Value, string Unit, double? Goal, bool AtLeast)> lines = [];

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

    public void Print()
    {
        foreach (var (what, value, unit, goal, atLeast) in lines)
        {
            string held = goal is not { } limit
                ? "" : $"{(atLeast ? ">=" : "<=")} "
                + $"{limit.ToString("0.##", CultureInfo.InvariantCulture)}{((atLeast ? value >= limit : value <= limit) ? "" : "  MISSED")}";
            Console.WriteLine($"{what,-66}{value.ToString(value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture),10} {unit,-4} {held}");
        }
    }
}
