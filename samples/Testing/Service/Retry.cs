namespace EventLoop.Samples.Testing;

/// <summary>Tries again what failed, and waits twice as long each time.</summary>
public sealed class Retry(int attempts, TimeSpan firstDelay, TimeSpan longestDelay)
{
    public async Coroutine<T> RunAsync<T>(Func<Coroutine<T>> operation)
    {
        var delay = firstDelay;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await operation();
            }
            catch (IOException) when (attempt < attempts)
            {
                await Loop.Sleep(delay);
                delay = TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, longestDelay.Ticks));
            }
        }
    }
}
