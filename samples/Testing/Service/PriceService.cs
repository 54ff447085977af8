namespace EventLoop.Samples.Testing;

/// <summary>Prices from a slow and unreliable source: cached for a while, asked for not too often, and again when that failed.</summary>
public sealed class PriceService
{
    private readonly ExpiringCache<string, decimal> cache;

    public PriceService(Func<string, Coroutine<decimal>> source)
    {
        var retry = new Retry(attempts: 6, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));
        var limiter = new RateLimiter(permits: 5, TimeSpan.FromSeconds(1));
        cache = new(TimeSpan.FromMinutes(10), Coroutine<decimal> (article) => retry.RunAsync(async Coroutine<decimal> () =>
        {
            await limiter.PassAsync();
            return await source(article);
        }));
    }

    public Coroutine<decimal> PriceOfAsync(string article) => cache.GetAsync(article);
}
