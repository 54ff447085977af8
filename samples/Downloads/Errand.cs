namespace Downloads;

/// <summary>What every mode is given: the pages, where to put them, the client to fetch them with, the tally to count them in.</summary>
internal sealed class Errand(IReadOnlyList<Page> pages, int concurrency, string folder) : IDisposable
{
    public IReadOnlyList<Page> Pages => pages;

    public int Concurrency { get; } = Math.Min(concurrency, Math.Max(1, pages.Count));

    public Tally Tally { get; } = new();

    /// <summary>Whether progress is worth a line.</summary>
    public bool Shown { get; init; }

    public HttpClient Http { get; } = new(new SocketsHttpHandler
    {
        MaxConnectionsPerServer = concurrency,
        UseProxy = !pages.All(page => page.Address.IsLoopback),
    })
    {
        Timeout = TimeSpan.FromSeconds(30),
        DefaultRequestHeaders = { { "User-Agent", "EventLoop-sample-Downloads" } },
    };

    public string FileFor(Page page) => Path.Combine(folder, page.FileName);

    public void Dispose() => Http.Dispose();
}
