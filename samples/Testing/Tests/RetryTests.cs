namespace EventLoop.Samples.Testing;

public class RetryTests
{
    private readonly Retry retry = new(attempts: 4, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));

    [LoopFact]
    public async Coroutine It_waits_twice_as_long_each_time_up_to_a_limit()
    {
        var times = new List<double>();
        int result = await retry.RunAsync(async Coroutine<int> () =>
        {
            await Loop.Yield();
            times.Add(Loop.Current.Time.TotalSeconds);
            return times.Count < 4 ? throw new IOException("not yet") : 42;
        });
        Assert.Equal(42, result);
        Assert.Equal([0, 1, 3, 6], times);      // exactly: virtual deadlines are met to the tick
    }

    [LoopFact]
    public async Coroutine It_gives_up_after_the_last_attempt()
    {
        int attempts = 0;
        await Assert.ThrowsAsync<IOException>(() => retry.RunAsync(async Coroutine<int> () =>
        {
            await Loop.Yield();
            attempts++;
            throw new IOException("never");
        }).AsTask());
        Assert.Equal(4, attempts);
    }

    [Fact]
    public void It_can_be_cancelled_wherever_it_waits()
    {
        int open = 0;
        TestLoop.CancelAtEveryWait(
            async () => await retry.RunAsync(async Coroutine<int> () =>
            {
                open++;
                try
                {
                    await Loop.Sleep(1);
                    throw new IOException("not yet");
                }
                catch (IOException) when (Loop.Current.Time > TimeSpan.FromSeconds(2))
                {
                    return 42;
                }
                finally
                {
                    open--;
                }
            }),
            afterEach: _ => Assert.Equal(0, open));
    }
}
