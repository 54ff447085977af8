using System.Globalization;
using System.Text.Json;

namespace Inside;

/// <summary>Lines of figures, each with its goal; as they come.</summary>
internal sealed class Report(bool json)
{
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <param name="point">Of the acceptance.</param>
    /// <param name="what">What was measured.</param>
    /// <param name="value">What came out.</param>
    /// <param name="unit">Of it; empty for a ratio.</param>
    /// <param name="goal">Null: it has none.</param>
    /// <param name="atLeast">The goal is the least, not the most.</param>
    public void Add(int point, string what, double value, string unit = "", double? goal = null, bool atLeast = false)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { point, what, value, unit, goal, atLeast }));
            return;
        }

        string held = goal is not { } limit ? ""
            : $"{(atLeast ? ">=" : "<=")} "
                + $"{limit.ToString("0.##", CultureInfo.InvariantCulture)}{((atLeast ? value >= limit : value <= limit) ? "" : "  MISSED")}";
        Console.WriteLine($"{point,3} {what,-66}{value.ToString(value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture),10} {unit,-5} {held}");
    }
}
