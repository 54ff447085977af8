using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EventLoop.Samples.Tests;

/// <summary>What the dashboard and the page of production ask for, asked of a real Prometheus that scrapes the sample.</summary>
public sealed class PrometheusTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string folder = Directory.CreateTempSubdirectory("eventloop-prometheus-").FullName;
    private readonly HttpClient http = new();
    private readonly List<Process> programs = [];

    public void Dispose()
    {
        foreach (var program in programs)
        {
            program.Kill();
            program.WaitForExit();
            program.Dispose();
        }

        http.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Each_expression_of_the_dashboard_and_of_the_page_of_production_gets_data_that_is_right_from_Prometheus()
    {
        string? prometheus = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(static path => Path.Combine(path, "prometheus"))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(prometheus is null, "needs prometheus");
        string? root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "EventLoop.sln")))
        {
            root = Path.GetDirectoryName(root);
        }

        Assert.SkipWhen(root is null, "The tests do not run from within the repository.");
        int scraped = FreePort();
        int asked = FreePort();
        string configuration = Path.Combine(folder, "prometheus.yml");
        await File.WriteAllTextAsync(configuration, string.Create(CultureInfo.InvariantCulture, $$"""
            global: {scrape_interval: 250ms}
            scrape_configs: [{job_name: loop, static_configs: [{targets: ['127.0.0.1:{{scraped}}']}]}]
            """), TestContext.Current.CancellationToken);
        Start("dotnet", Path.Combine(AppContext.BaseDirectory, "Metrics.dll"), scraped.ToString(CultureInfo.InvariantCulture), "120");
        Start(prometheus, $"--config.file={configuration}", $"--storage.tsdb.path={Path.Combine(folder, "data")}",
            string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{asked}"));

        using var dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(root, "samples/Metrics/grafana-dashboard.json"),
            TestContext.Current.CancellationToken));
        string[] expressions = [.. Expressions(dashboard.RootElement)];
        expressions.Should().HaveCountGreaterThan(10);
        (await Values(asked, "count_over_time(eventloop_steps_total[10s]) > 15")).Should().NotBeEmpty("it was scraped often enough for a rate");
        var values = new Dictionary<string, double[]>();
        foreach (string expression in expressions)
        {
            values[expression] = await Values(asked, expression.Replace("$loop", ".*", StringComparison.Ordinal)
                .Replace("$__rate_interval", "10s", StringComparison.Ordinal));
        }

        values.Values.Should().AllSatisfy(static one => one.Should().NotBeEmpty().And.OnlyContain(static value => double.IsFinite(value) && value >= 0));
        Of("rate(eventloop_time").Should().ContainSingle().Which.Should().BeGreaterThan(0).And.BeLessThan(1.1);
        Of("rate(eventloop_steps").Should().ContainSingle().Which.Should().BeInRange(20, 2000, "hundreds of jobs in a second come and go");
        Of("eventloop_tasks").Should().HaveCount(3, "ready, running, waiting");
        Of("eventloop_tasks").Sum().Should().BeInRange(5, 7, "main, four workers, and who produces");
        Of("histogram_quantile(0.5").Should().ContainSingle().Which.Should().BeLessThan(0.25);
        Of("histogram_quantile(0.5").Single().Should().BeLessThanOrEqualTo(Of("histogram_quantile(0.99, sum by (le, eventloop_name) (rate(eventloop_ready").Single());
        Of("eventloop_executor").Should().ContainSingle().Which.Should().BeLessThanOrEqualTo(4, "no worker has two jobs");
        Of("rate(eventloop_io").Should().HaveCount(2, "both directions");
        (await Label(asked)).Should().Equal("main");

        var alerts = Regex.Matches(await File.ReadAllTextAsync(Path.Combine(root, "docs/production.md"), TestContext.Current.CancellationToken),
            "`(rate\\(eventloop_[^`]*) > [0-9.]+`");
        alerts.Should().NotBeEmpty();
        foreach (Match alert in alerts)
        {
            (await Values(asked, alert.Groups[1].Value)).Should().ContainSingle("without its limit it has a value, and so the alert can come");
        }

        double[] Of(string start) => values.Single(one => one.Key.StartsWith(start, StringComparison.Ordinal)).Value;
    }

    private void Start(string program, params string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        programs.Add(process);
    }

    // As soon as there are some; of a quotient of nothing none is a number.
    private async Task<double[]> Values(int port, string expression)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            double[] values = [];
            try
            {
                string url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/api/v1/query?query={Uri.EscapeDataString(expression)}");
                using var answer = JsonDocument.Parse(await http.GetStringAsync(url));
                values = [.. answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().Select(static one =>
                    double.Parse(one.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture))];
            }
            catch (HttpRequestException notYet) when (notYet.StatusCode is null or HttpStatusCode.ServiceUnavailable)
            {
                // It begins.
            }

            bool isThere = values.Length > 0 && values.All(double.IsFinite);
            if (isThere || Stopwatch.GetElapsedTime(began) > Patience || programs.Exists(static program => program.HasExited))
            {
                return values;
            }

            await Task.Delay(100);
        }
    }

    // What the dashboard offers for $loop.
    private async Task<string[]> Label(int port)
    {
        string url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/api/v1/label/eventloop_name/values?match[]=eventloop_steps_total");
        using var answer = JsonDocument.Parse(await http.GetStringAsync(url));
        return [.. answer.RootElement.GetProperty("data").EnumerateArray().Select(static one => one.GetString()!)];
    }

    private static IEnumerable<string> Expressions(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(static one =>
            one is { Name: "expr", Value.ValueKind: JsonValueKind.String } ? [one.Value.GetString()!] : Expressions(one.Value)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Expressions),
        _ => [],
    };

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
