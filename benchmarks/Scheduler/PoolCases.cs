namespace EventLoop.Benchmarks.Scheduler;

/// <summary>The same work as .NET does it: Tasks on the thread pool.</summary>
internal static class PoolCases
{
    private static async Task Yielder(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await Task.Yield();
        }
    }

    public static Task TwoYielders(int n) => Task.WhenAll(Task.Run(() => Yielder(n)), Task.Run(() => Yielder(n)));

    public static async Task SpawnOneByOne(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await Task.Run(static () => { });
        }
    }

#pragma warning disable CS1998 // an async method that does nothing is the point
    private static async Task Nothing()
    {
    }
#pragma warning restore CS1998

    public static async Task CallOneByOne(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await Nothing();
        }
    }

    private static async Task YieldOnce() => await Task.Yield();

    public static async Task SpawnAllThenJoin(int n)
    {
        var tasks = new Task[n];
        for (int i = 0; i < n; i++)
        {
            tasks[i] = Task.Run(YieldOnce);
        }

        foreach (var task in tasks)
        {
            await task;
        }
    }

    public static async Task NestedAwaits(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await YieldOnce();
        }
    }

    public static async Task PingPong(int n)
    {
        var there = NewSource();
        var back = NewSource();
        await Task.WhenAll(Task.Run(Ping), Task.Run(Pong));

        // On two threads each field is replaced before the other side is told, never after.
        async Task Ping()
        {
            for (int i = 0; i < n; i++)
            {
                var mine = NewSource();
                Volatile.Write(ref back, mine);
                Volatile.Read(ref there).SetResult();
                await mine.Task;
            }
        }

        async Task Pong()
        {
            for (int i = 0; i < n; i++)
            {
                await Volatile.Read(ref there).Task;
                Volatile.Write(ref there, NewSource());
                Volatile.Read(ref back).SetResult();
            }
        }

        static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public static Task Timers(int n)
    {
        var timers = new Timer[n];
        for (int i = 0; i < n; i++)
        {
            timers[i] = new Timer(static _ =>
                throw new InvalidOperationException("A cancelled timer ran."), null, 10_000 + ((long)i * 7919 % 1000), Timeout.Infinite);
        }

        foreach (var timer in timers)
        {
            timer.Dispose();
        }

        return Task.CompletedTask;
    }

    private static async Task Sleeper() => await Task.Delay(10_000);

    /// <returns>Managed bytes for each sleeping task.</returns>
    public static async Task<double> Sleepers(int n, long before)
    {
        var tasks = new Task[n];
        for (int i = 0; i < n; i++)
        {
            tasks[i] = Sleeper();
        }

        double bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)n;
        await Task.WhenAll(tasks);
        return bytes;
    }
}
