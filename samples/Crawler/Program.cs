// Follows every link from a page on, with a bounded number of workers, a few requests per host at a time, and a clean end on Ctrl-C.
//
//     dotnet run -c Release --project samples/Crawler
//     dotnet run -c Release --project samples/Crawler -- --workers 50 --per-host 2 --hosts 8 --pages 200
//     dotnet run -c Release --project samples/Crawler -- https://example.com
//
// Crawl.cs is the point: a queue of addresses, JoinAsync to know when all is done, a semaphore per host, a task group of workers.
// Without an address it crawls the link graph of samples/LocalServer, in a process of its own.

using Crawler;
using EventLoop;
using EventLoop.Samples;

return CommandLine.Run(args, Options.Usage, line =>
{
    var options = Options.Parse(line);
    return Loop.RunMain(() => RunAsync(options));
});

static async Coroutine<int> RunAsync(Options options)
{
    try
    {
        if (options.Start is { } address)
            return await CrawlAsync(address, options);

        await using LocalWeb web = await LocalWeb.StartAsync(options);
        return await CrawlAsync(web.Start, options);
    }
    catch (IOException failure)
    {
        Console.Error.WriteLine(failure.Message);
        return 1;
    }
}

static async Coroutine<int> CrawlAsync(Uri start, Options options)
{
    var crawl = new Crawl(options);
    try
    {
        await crawl.RunAsync(start);
        return crawl.Problems.Count > 0 ? 1 : 0;
    }
    finally
    {
        Summary.Print(crawl);      // also of one that Ctrl-C has cut short
    }
}
