namespace EventLoop.Samples.Testing;

public class RateLimiterTests
{
    [LoopFact(Seeds = 50)]
    public async Coroutine Nobody_passes_too_early_under_any_schedule()
    {
        var limiter = new RateLimiter(permits: 3, TimeSpan.FromSeconds(1));
        var passed = new List<double>();
        await Loop.Gather(Enumerable.Range(0, 8).Select(async Coroutine (_) =>
        {
            await limiter.PassAsync();
            passed.Add(Loop.Current.Time.TotalSeconds);
        }));
        Assert.Equal([0, 0, 0, 1, 1, 1, 2, 2], passed);
    }
}
