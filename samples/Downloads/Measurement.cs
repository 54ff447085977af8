using System.Diagnostics;
using System.Text.Json;
using EventLoop.Net;

namespace Downloads;

/// <summary>The figures of one mode, as the process that ran it saw them.</summary>
/// <param name="Threads">How many threads the mode's own code ran on.</param>
/// <param name="IdleMemory">Resident memory before the first request.</param>
/// <param name="PeakMemory">The most resident memory that the process ever had.</param>
internal sealed record Measurement(double Seconds, int Pages, int Failed, long Bytes, int Threads, long IdleMemory, long PeakMemory)
{
    /// <summary>Fetches what standard input lists, in this process, and prints the figures as one line of JSON.</summary>
    public static int Run(Mode mode, Options options)
    {
        Page[] pages = ReadPages();
        string folder = options.Out ?? Directory.CreateTempSubdirectory("downloads-").FullName;
        Directory.CreateDirectory(folder);
        Action<Errand> run = mode switch { Mode.Sync => SynchronousMode.Run, Mode.Threads => ThreadsMode.Run, _ => LoopMode.Run };
        Func<SocketsHttpHandler> handler = mode is Mode.LoopHttp ? LoopHttp.CreateHandler : () => new SocketsHttpHandler();
        long idle = Environment.WorkingSet;

        using (var rehearsal = new Errand([.. pages.Take(1)], concurrency: 1, folder) { Handler = handler })
            run(rehearsal);   // .NET compiles code when it first runs: that is not what we compare

        using var errand = new Errand(pages, options.Concurrency, folder) { Handler = handler, Shown = true };
        var watch = Stopwatch.StartNew();
        run(errand);
        double seconds = watch.Elapsed.TotalSeconds;

        using var self = Process.GetCurrentProcess();
        Tally tally = errand.Tally;
        Console.WriteLine(JsonSerializer.Serialize(new Measurement(
            seconds, tally.Pages, tally.Problems.Count, tally.Bytes, tally.Threads, idle, Math.Max(self.PeakWorkingSet64, idle))));

        foreach (string problem in tally.Problems.Take(5))
            Console.Error.WriteLine($"  {problem}");
        if (tally.Problems.Count > 5)
            Console.Error.WriteLine($"  ... and {tally.Problems.Count - 5} more");
        return 0;
    }

    /// <summary>One address a line. After an empty line our input stays open, and its end means that nobody waits for us.</summary>
    private static Page[] ReadPages()
    {
        List<Page> pages = [];
        while (Console.In.ReadLine() is { } line)
        {
            if (line is "")
            {
                new Thread(ExitAtEndOfInput) { IsBackground = true }.Start();
                break;
            }
            pages.Add(new Page(pages.Count + 1, new Uri(line)));
        }
        return [.. pages];

        static void ExitAtEndOfInput()
        {
            Console.In.ReadLine();
            Environment.Exit(1);
        }
    }
}
