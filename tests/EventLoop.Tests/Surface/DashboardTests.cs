using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.RegularExpressions;
using EventLoop.Diagnostics;

namespace EventLoop.Tests.Surface;

/// <summary>What the dashboard asks for is what Prometheus gets of the meter, by the names that OpenTelemetry's exporter makes.</summary>
public sealed class DashboardTests
{
    [Fact]
    public void Each_metric_of_the_dashboard_and_of_the_page_of_production_is_one_that_the_meter_has()
    {
        string? root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "EventLoop.sln")))
        {
            root = Path.GetDirectoryName(root);
        }

        Assert.SkipWhen(root is null, "The tests do not run from within the repository.");
        var known = new HashSet<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == LoopTelemetry.Meter)
                {
                    lock (known)
                    {
                        known.UnionWith(NamesOf(instrument));
                    }
                }
            },
        };
        listener.Start();
        Loop.Run(static async () => await Loop.Yield());

        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(root, "samples/Metrics/grafana-dashboard.json")));
        var asked = Expressions(dashboard.RootElement).SelectMany(Metrics).ToHashSet();
        asked.Should().HaveCountGreaterThan(8).And.BeSubsetOf(known);
        Metrics(File.ReadAllText(Path.Combine(root, "docs/production.md"))).Should().NotBeEmpty().And.BeSubsetOf(known);
    }

    private static IEnumerable<string> Expressions(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(static one =>
            one is { Name: "expr", Value.ValueKind: JsonValueKind.String } ? [one.Value.GetString()!] : Expressions(one.Value)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Expressions),
        _ => [],
    };

    // Labels stand in braces or behind "by".
    private static IEnumerable<string> Metrics(string text) =>
        Regex.Matches(Regex.Replace(text, @"\{[^}]*\}|by \([^)]*\)", ""), "eventloop_[a-z_]+").Select(static match => match.Value);

    private static IEnumerable<string> NamesOf(Instrument instrument)
    {
        string unit = instrument.Unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        string name = instrument.Name.Replace('.', '_') + unit;
        string kind = instrument.GetType().Name;
        return kind.StartsWith("Histogram", StringComparison.Ordinal) ? [name, name + "_bucket", name + "_sum", name + "_count"]
            : kind.StartsWith("ObservableCounter", StringComparison.Ordinal) ? [name + "_total"]
            : [name];
    }
}
