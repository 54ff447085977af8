namespace Crawler;

/// <summary>What came of it.</summary>
internal static class Summary
{
    private const int ProblemsShown = 5;

    public static void Print(Crawl crawl)
    {
        foreach ((string host, int pages) in crawl.PagesByHost)
            Console.WriteLine($"{host,-30} {pages,6} pages");

        double seconds = Math.Max(0.001, crawl.Elapsed.TotalSeconds);
        Console.WriteLine(
            $"{crawl.Pages} pages, {crawl.Bytes / 1e3:0.0} kB, {seconds:0.00} s, {crawl.Pages / seconds:0} pages/s, at most {crawl.MostUnderWay} at a time");
        foreach (string problem in crawl.Problems.Take(ProblemsShown))
            Console.WriteLine($"problem: {problem}");
        if (crawl.Problems.Count > ProblemsShown)
            Console.WriteLine($"... and {crawl.Problems.Count - ProblemsShown} more problems");
        if (!crawl.IsInterrupted)
            return;

        int left = crawl.Known - crawl.Pages - crawl.Redirects - crawl.Problems.Count;
        Console.WriteLine(left switch
        {
            0 => "Interrupted.",
            1 => "Interrupted: 1 known page was not visited.",
            _ => $"Interrupted: {left} known pages were not visited.",
        });
    }
}
