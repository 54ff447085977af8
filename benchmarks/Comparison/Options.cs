using System.Globalization;
using EventLoop.Samples;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>What is to be compared.</summary>
internal sealed record Options(bool Quick, int Rounds, string[] Jobs, string[] Modes, int[] Concurrencies, int Delay, int Server, string? Json)
{
    public const int PageSize = 8192;

    private static readonly string[] AllJobs = ["io", "mixed", "cpu"];
    private static readonly string[] AllModes = ["blocking", "threads", "pool", "async", "loop", "loop-threads"];

    public static Options Parse(CommandLine line)
    {
        int rounds = line.Number("--rounds", 1, least: 1, most: 100);
        string[] jobs = Choice(line.Text("--jobs"), AllJobs);
        string[] modes = Choice(line.Text("--modes"), AllModes);
        int[] concurrencies = [.. (line.Text("--concurrency") ?? "1,8,64,512").Split(',').Select(ParseConcurrency)];
        int delay = line.Number("--delay", 50, least: 0, most: 10_000);
        int server = line.Number("--server", 0, least: 0, most: 65_535);
        string? json = line.Text("--json");
        bool quick = line.Flag("--quick");
        line.ExpectNoMore();
        return new Options(quick, rounds, jobs, modes, concurrencies, delay, server, json);
    }

    /// <summary>Every plan of one round, in the order in which they are measured: the modes one after the other on the same work.</summary>
    public IEnumerable<Plan> Plans(int port)
    {
        foreach (string job in Jobs)
        {
            if (job == "cpu")
            {
                foreach (string mode in Modes)
                {
                    yield return new Plan(job, mode, Concurrency: mode is "blocking" or "loop" ? 1 : Environment.ProcessorCount, Count: Quick ? 100 : 200, port,
                        0);
                }

                continue;
            }

            foreach (int concurrency in Concurrencies.Where(c => !(Quick && (c == 8 || (job == "mixed" && c != 64)))))
            {
                // So many pages for each that is under way that beginning and end are a small part; one by one two hundred take ten seconds.
                int each = job == "io" && concurrency > 64 && !Quick ? 40 : 20;
                int count = Quick && concurrency == 1 ? 20 : Math.Max(200, each * concurrency);
                foreach (string mode in Modes)
                {
                    bool meaningless = (mode == "blocking" && concurrency > 1) || (mode == "loop-threads" && job == "io");
                    if (!meaningless)
                    {
                        yield return new Plan(job, mode, concurrency, count, port, Delay);
                    }
                }
            }
        }
    }

    private static string[] Choice(string? list, string[] all)
    {
        string[] chosen = list?.Split(',') ?? all;
        return Array.Find(chosen, name => !all.Contains(name)) is { } unknown
            ? throw new UsageException($"There is no '{unknown}'; there are {string.Join(", ", all)}.")
            : chosen;
    }

    private static int ParseConcurrency(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= 10_000
            ? number
            : throw new UsageException($"'{text}' is not a number from 1 to 10000.");
}
