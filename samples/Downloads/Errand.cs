namespace Downloads;

/// <summary>What every mode is given: the pages, where to put them, the client to fetch them with, the tally to count them in.</summary>
internal sealed class Errand(IReadOnlyList<Page> pages, int concurrency, string folder) : IDisposable
{
    public IReadOnlyList<Page> Pages => pages;

    public int Concurrency { get; } = Math.Min(concurrency, Math.Max(1, pages.Count));

    public Tally Tally { get; } = new();

    /// <summary>Whether progress is worth a line.</summary>
    public bool Shown { get; init; }

    /// <summary>What the client's connections are made of; asked for with the first request.</summary>
    public Func<SocketsHttpHandler> Handler { get; init; } = () => new SocketsHttpHandler();

    public HttpClient Http => field ??= MakeClient();

    public string FileFor(Page page) => Path.Combine(folder, page.FileName);

    public void Dispose() => Http.Dispose();

    private HttpClient MakeClient()
    {
        SocketsHttpHandler handler = Handler();
        handler.MaxConnectionsPerServer = concurrency;
        handler.UseProxy = !pages.All(page => page.Address.IsLoopback);
        return new HttpClient(handler)
        {
            Timeout = TimeSpan.FromSeconds(30),
            DefaultRequestHeaders = { { "User-Agent", "EventLoop-sample-Downloads" } },
        };
    }
}
