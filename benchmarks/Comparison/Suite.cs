using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>Starts the server unless there is one, runs every plan in every round, and prints the medians.</summary>
internal sealed class Suite(Options options)
{
    public int Run()
    {
        using Process? server = options.Server != 0 ? null : ChildProcess.Start(
            "LocalServer", "--delay", $"{options.Delay}", "--size", $"{Options.PageSize}", "--lifetime", "3600");
        try
        {
            int port = server is null ? options.Server
                : int.Parse(server.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The local server did not start."),
                    CultureInfo.InvariantCulture);
            var all = new List<Measurement>();
            using TextWriter? json = options.Json switch { null => null, "-" => Console.Out, var file => File.CreateText(file) };
            for (int round = 0; round < options.Rounds; round++)
            {
                foreach (Plan plan in options.Plans(port))
                {
                    Measurement one = ChildProcess.Measure(plan) with { Round = round };
                    all.Add(one);
                    json?.WriteLine(JsonSerializer.Serialize(one, Measurement.Json));
                    json?.Flush();
                }
            }

            if (options.Json != "-")
            {
                Print(all);
            }

            return 0;
        }
        finally
        {
            server?.StandardInput.Close();   // it ends with its input
            server?.WaitForExit();
        }
    }

    private static void Print(List<Measurement> all)
    {
        foreach (var work in all.GroupBy(m => (m.Job, Concurrency: m.Job == "cpu" ? 0 : m.Concurrency)))
        {
            Measurement any = work.First();
            Console.WriteLine();
            Console.WriteLine(any.Job == "cpu"
                ? $"cpu: {any.Count} jobs of computing"
                : string.Create(CultureInfo.InvariantCulture, $"{any.Job}: {any.Count} pages, {any.Concurrency} at a time; ideal {any.IdealSeconds:F2} s"));
            Console.WriteLine($"{"",-13}{"wall s",8}{"req/s",9}{"p50 ms",9}{"p99 ms",9}{"threads",9}{"peak MB",9}{"CPU s",8}{"switches",10}");
            foreach (var mode in work.GroupBy(m => m.Mode))
            {
                double Median(Func<Measurement, double> of) => mode.Select(of).Order().ElementAt(mode.Count() / 2);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{mode.Key,-13}{Median(m => m.Seconds),8:F2}{Median(m => m.RequestsPerSecond),9:F0}{Median(m => m.P50),9:F1}{Median(m => m.P99),9:F1}"
                    + $"{Median(m => m.Threads),9:F0}{Median(m => m.PeakMemory),9:F1}{Median(m => m.CpuSeconds),8:F2}{Median(m => m.Switches),10:F0}"));
            }
        }
    }
}
