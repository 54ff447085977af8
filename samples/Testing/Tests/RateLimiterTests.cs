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

    [LoopFact]
    public async Coroutine Who_is_cancelled_while_waiting_lets_nobody_pass_too_early()
    {
        var limiter = new RateLimiter(permits: 2, TimeSpan.FromSeconds(1));
        var passed = new List<double>();
        await Loop.Gather(PassAsync(), PassAsync());
        var impatient = Loop.CreateTask(PassAsync());
        await Loop.Sleep(TimeSpan.FromSeconds(0.5));
        impatient.Cancel();
        await Loop.Wait([impatient]);
        await Loop.Gather(PassAsync(), PassAsync(), PassAsync());
        Assert.True(impatient.IsCanceled);
        Assert.Equal([0, 0, 1, 1, 2], passed);

        async Coroutine PassAsync()
        {
            await limiter.PassAsync();
            passed.Add(Loop.Current.Time.TotalSeconds);
        }
    }
}
