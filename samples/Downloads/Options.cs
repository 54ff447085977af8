using EventLoop.Samples;

namespace Downloads;

/// <summary>What the user asked for.</summary>
internal sealed record Options(
    IReadOnlyList<Uri> Addresses, int Pages, int Concurrency, int Delay, int Size, string? Out, IReadOnlyList<Mode> Modes, Mode? Measure)
{
    public const string Usage = """
        Usage: dotnet run -c Release --project samples/Downloads [-- options] [URL...]

          --pages N        how many pages to fetch from the local server (default 200; not with URLs)
          --delay MS       how long the local server takes for each (default 50)
          --size BYTES     how large each is (default 10000)
          --concurrency N  how many at a time, as threads or as coroutines (default 50)
          --modes LIST     which ways to compare (default sync,threads,loop,loop-http)
          --out FOLDER     where the files go, in a folder per mode (default: a new temporary folder)

          --measure MODE   what the table is made of: fetch the addresses on standard input in this one way,
                           in this process, and print the figures as JSON
        """;

    public static Options Parse(CommandLine line)
    {
        int pages = line.Number("--pages", 200, least: 1, most: 1_000_000);
        int concurrency = line.Number("--concurrency", 50, least: 1, most: 10_000);
        int delay = line.Number("--delay", 50, least: 0, most: 60_000);
        int size = line.Number("--size", 10_000, least: 0, most: 100_000_000);
        string? folder = line.Text("--out");
        Mode? measure = line.Text("--measure") is { } one ? ParseMode(one) : null;
        Mode[] modes = [.. (line.Text("--modes") ?? "sync,threads,loop,loop-http").Split(',').Select(ParseMode).Distinct()];
        Uri[] addresses = [.. line.Rest().Select(ParseAddress)];
        return new Options(addresses, pages, concurrency, delay, size, folder, modes, measure);
    }

    private static Mode ParseMode(string name) => name.Trim() switch
    {
        "sync" => Mode.Sync,
        "threads" => Mode.Threads,
        "loop" => Mode.Loop,
        "loop-http" => Mode.LoopHttp,
        var other => throw new UsageException($"There is no mode '{other}'; there are sync, threads, loop and loop-http."),
    };

    private static Uri ParseAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
            ? address
            : throw new UsageException($"'{text}' is not an http or https address.");
}

internal enum Mode { Sync, Threads, Loop, LoopHttp }

internal static class Modes
{
    /// <summary>As it is written on the command line and in the table.</summary>
    public static string Name(this Mode mode) => mode is Mode.LoopHttp ? "loop-http" : mode.ToString().ToLowerInvariant();
}
