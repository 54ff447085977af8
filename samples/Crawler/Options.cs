using EventLoop.Samples;

namespace Crawler;

/// <summary>What the user asked for.</summary>
internal sealed record Options(Uri? Start, int Workers, int PerHost, int Limit, int Delay, int Hosts, int Pages)
{
    public const string Usage = """
        Usage: dotnet run -c Release --project samples/Crawler [-- options] [URL]

          --workers N   how many pages at a time (default 20)
          --per-host N  how many of them from the same host (default 4)
          --limit N     stop after this many pages (default 10000; with a URL 50)

        Without a URL, the pages are those of the local server:
          --delay MS    how long it takes for each (default 20)
          --hosts N     how many hosts there are (default 4)
          --pages N     how many pages each has (default 50)

        With a URL it stays on that host. Ctrl-C finishes the pages under way and prints the summary.
        """;

    public static Options Parse(CommandLine line)
    {
        int workers = line.Number("--workers", 20, least: 1, most: 10_000);
        int perHost = line.Number("--per-host", 4, least: 1, most: 10_000);
        int limit = line.Number("--limit", 0, least: 1, most: 10_000_000);
        int delay = line.Number("--delay", 20, least: 0, most: 60_000);
        int hosts = line.Number("--hosts", 4, least: 1, most: 10_000);
        int pages = line.Number("--pages", 50, least: 1, most: 1_000_000);
        Uri? start = line.Rest() switch
        {
            [] => null,
            [var text] when Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" => address,
            [var text] => throw new UsageException($"'{text}' is not an http or https address."),
            _ => throw new UsageException("One address is enough; the rest is found by links."),
        };
        return new Options(start, workers, perHost, limit > 0 ? limit : start is null ? 10_000 : 50, delay, hosts, pages);
    }
}
