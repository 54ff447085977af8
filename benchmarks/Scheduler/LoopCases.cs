namespace EventLoop.Benchmarks.Scheduler;

/// <summary>The cases on the loop.</summary>
internal static class LoopCases
{
    private static async Coroutine Yielder(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await Loop.Yield();
        }
    }

    public static async Coroutine TwoYielders(int n)
    {
        var a = Loop.CreateTask(Yielder(n));
        var b = Loop.CreateTask(Yielder(n));
        await a;
        await b;
    }

#pragma warning disable CS1998 // a coroutine that does nothing is the point
    private static async Coroutine Nothing()
    {
    }
#pragma warning restore CS1998

    public static async Coroutine CallOneByOne(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await Nothing();
        }
    }

    public static async Coroutine SpawnEagerly(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await Loop.CreateTask(Nothing(), eager: true);
        }
    }

    public static async Coroutine SpawnOneByOne(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await Loop.CreateTask(Nothing());
        }
    }

    private static async Coroutine YieldOnce() => await Loop.Yield();

    public static async Coroutine SpawnAllThenJoin(int n)
    {
        var tasks = new LoopTask[n];
        for (int i = 0; i < n; i++)
        {
            tasks[i] = Loop.CreateTask(YieldOnce());
        }

        foreach (var task in tasks)
        {
            await task;
        }
    }

    public static async Coroutine NestedAwaits(int n)
    {
        for (int i = 0; i < n; i++)
        {
            await YieldOnce();
        }
    }

    public static async Coroutine PingPong(int n)
    {
        var there = new LoopFuture();
        var back = new LoopFuture();
        var ping = Loop.CreateTask(Ping());
        var pong = Loop.CreateTask(Pong());
        await ping;
        await pong;

        async Coroutine Ping()
        {
            for (int i = 0; i < n; i++)
            {
                var mine = back;
                there.SetResult();
                await mine;
                back = new LoopFuture();
            }
        }

        async Coroutine Pong()
        {
            for (int i = 0; i < n; i++)
            {
                await there;
                there = new LoopFuture();
                back.SetResult();
            }
        }
    }

    public static async Coroutine Timers(int n)
    {
        var loop = Loop.Current;
        var handles = new TimerHandle[n];
        for (int i = 0; i < n; i++)
        {
            handles[i] = loop.CallLater(TimeSpan.FromMilliseconds(10_000 + ((long)i * 7919 % 1000)), static _ =>
                throw new InvalidOperationException("A cancelled timer ran."), i);
        }

        foreach (var handle in handles)
        {
            handle.Cancel();
        }

        await Loop.Yield();
    }

    private static async Coroutine Sleeper() => await Loop.Sleep(10_000);

    /// <returns>Managed bytes for each sleeping task.</returns>
    public static async Coroutine<double> Sleepers(int n, long before)
    {
        var tasks = new LoopTask[n];
        for (int i = 0; i < n; i++)
        {
            tasks[i] = Loop.CreateTask(Sleeper());
        }

        await Loop.Yield();
        await Loop.Yield();
        double bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)n;
        foreach (var task in tasks)
        {
            await task;
        }

        return bytes;
    }
}
