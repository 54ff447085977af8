namespace EventLoop.Samples.Testing;

public class ExpiringCacheTests
{
    private int loads;

    private ExpiringCache<string, int> NewCache() => new(TimeSpan.FromMinutes(10), async Coroutine<int> (_) =>
    {
        await Loop.Sleep(TimeSpan.FromSeconds(2));
        return ++loads;
    });

    [LoopFact(Seeds = 50)]
    public async Coroutine Those_who_ask_at_once_share_one_load()
    {
        var cache = NewCache();
        int[] values = await Loop.Gather(cache.GetAsync("a"), cache.GetAsync("a"), cache.GetAsync("a"));
        Assert.Equal([1, 1, 1], values);
    }

    [LoopFact]
    public async Coroutine A_value_is_loaded_again_when_its_time_is_up()
    {
        var cache = NewCache();
        Assert.Equal(1, await cache.GetAsync("a"));
        await Loop.Sleep(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(2) - TimeSpan.FromTicks(1));
        Assert.Equal(1, await cache.GetAsync("a"));
        await Loop.Sleep(TimeSpan.FromTicks(1));
        Assert.Equal(2, await cache.GetAsync("a"));
    }

    [LoopFact]
    public async Coroutine A_load_that_was_cancelled_is_not_kept()
    {
        var cache = new ExpiringCache<string, int>(TimeSpan.FromMinutes(10), async Coroutine<int> (_) =>
        {
            if (++loads == 1)
            {
                Loop.CurrentTask!.Cancel();
            }

            await Loop.Sleep(TimeSpan.FromSeconds(2));
            return loads;
        });
        var asking = Loop.CreateTask(cache.GetAsync("a"));
        await Loop.Wait([asking]);
        Assert.True(asking.IsCanceled);
        Assert.Equal(2, await cache.GetAsync("a"));
    }
}
