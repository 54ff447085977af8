using EventLoop;

namespace Crawler;

/// <summary>
/// A crawl. Workers take addresses from a queue and put what they find into it. Everything is on one thread, so the set of known addresses
/// and the counts are ordinary fields: no locks, no races.
/// </summary>
internal sealed class Crawl(Options options)
{
    // Without limit on purpose: those who take from it are those who put into it, and could all wait for room at once.
    private readonly AsyncQueue<Uri> _frontier = new();
    private readonly HashSet<Uri> _known = [];
    private readonly Dictionary<string, AsyncSemaphore> _places = [];
    // A redirect is a link like any other: it must not lead to another host either.
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(10) };
    private readonly long _started = Environment.TickCount64;

    public SortedDictionary<string, int> PagesByHost { get; } = new(StringComparer.Ordinal);

    public List<string> Problems { get; } = [];

    public int Pages { get; private set; }

    public int Redirects { get; private set; }

    public long Bytes { get; private set; }

    public int UnderWay { get; private set; }

    public int MostUnderWay { get; private set; }

    public int Known => _known.Count;

    public bool IsInterrupted { get; private set; }

    public TimeSpan Elapsed => TimeSpan.FromMilliseconds(Environment.TickCount64 - _started);

    public async Coroutine RunAsync(Uri start)
    {
        Discover(start, start);
        LoopTask crawling = Loop.CreateTask(CrawlAsync(start), "crawl");
        try
        {
            await Loop.Shield(crawling);
        }
        catch (LoopCanceledException) when (!crawling.IsCompleted)
        {
            // Ctrl-C. What has not begun is dropped; the pages under way come to their end.
            IsInterrupted = true;
            _frontier.Shutdown(immediate: true);
            await CancelScope.Run(async _ => await crawling, shield: true);
            throw;
        }
    }

    private Coroutine CrawlAsync(Uri start) => TaskGroup.Run(async group =>
    {
        for (int worker = 1; worker <= options.Workers; worker++)
            group.StartSoon(WorkAsync(start), $"worker {worker}");
        LoopTask progress = group.CreateTask(new Progress(this).ShowAsync(), "progress");

        await _frontier.JoinAsync();      // every address that was put has been dealt with
        _frontier.Shutdown();             // the workers' loops end
        progress.Cancel("the crawl is over");
    });

    private async Coroutine WorkAsync(Uri start)
    {
        await foreach (Uri address in _frontier)
        {
            try
            {
                using (await PlaceAt(HostOf(address)).AcquireAsync())
                    await VisitAsync(address, start);
            }
            finally
            {
                _frontier.TaskDone();
            }
        }
    }

    private async Coroutine VisitAsync(Uri address, Uri start)
    {
        MostUnderWay = Math.Max(MostUnderWay, ++UnderWay);
        try
        {
            using HttpResponseMessage response = await _http.GetAsync(address, Loop.CancellationToken);
            if ((int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } location)
            {
                Follow(address, location, start);
                return;
            }

            response.EnsureSuccessStatusCode();
            string text = await response.Content.ReadAsStringAsync(Loop.CancellationToken);

            Pages++;
            Bytes += text.Length;
            PagesByHost[HostOf(address)] = PagesByHost.GetValueOrDefault(HostOf(address)) + 1;
            foreach (Uri link in Links.In(text, address))
                Discover(link, start);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or TaskCanceledException { InnerException: TimeoutException }
            or InvalidOperationException)      // of a character set that does not exist
        {
            Problems.Add($"{address}: {failure.Message}");
        }
        finally
        {
            UnderWay--;
        }
    }

    private void Follow(Uri address, Uri location, Uri start)
    {
        bool isPage = Links.TryResolve(address, location.OriginalString, out Uri? target);
        if (!isPage || (address == start && target!.Authority != start.Authority))
        {
            Problems.Add($"{address}: redirects to {location}, {(isPage ? "on another host" : "which is no page")}");
            return;
        }

        Redirects++;
        Discover(target!, start);
    }

    private void Discover(Uri link, Uri start)
    {
        if (link.Authority == start.Authority && _known.Count - Math.Min(Redirects, options.Limit) < options.Limit && !_frontier.IsShutDown && _known.Add(link))
            _frontier.TryPut(link);
    }

    private AsyncSemaphore PlaceAt(string host)
    {
        if (!_places.TryGetValue(host, out AsyncSemaphore? places))
            _places.Add(host, places = new AsyncSemaphore(options.PerHost));
        return places;
    }

    // The local server has one address; the hosts of its little web are folders.
    private static string HostOf(Uri address) =>
        address.Segments is ["/", "graph/", var site, ..] ? site.TrimEnd('/') : address.Authority;
}
