namespace EventLoop.Benchmarks.Figures;

/// <summary>What is free is acquired and given back.</summary>
internal static class Uncontended
{
    internal static async Coroutine Lock(int operations)
    {
        var mutex = new AsyncLock();
        for (int i = 0; i < operations; i++)
        {
            using (await mutex.AcquireAsync())
            {
            }
        }
    }

    internal static async Coroutine Semaphore(int operations)
    {
        var permits = new AsyncSemaphore(3);
        for (int i = 0; i < operations; i++)
        {
            using (await permits.AcquireAsync())
            {
            }
        }
    }

    internal static async Coroutine Limiter(int operations)
    {
        var limiter = new CapacityLimiter(3);
        for (int i = 0; i < operations; i++)
        {
            using (await limiter.AcquireAsync())
            {
            }
        }
    }

    internal static async Task OnThePool(int operations)
    {
        using var permits = new SemaphoreSlim(3);
        for (int i = 0; i < operations; i++)
        {
            await permits.WaitAsync();
            permits.Release();
        }
    }
}
