using EventLoop.Testing;

namespace EventLoop.Benchmarks.Growth;

/// <summary>One path whose length users choose.</summary>
/// <param name="Name">For the table.</param>
/// <param name="N">The shorter length: long enough that a quadratic path shows, short enough that it ends.</param>
/// <param name="Run">Makes a loop, and goes the path once.</param>
public sealed record GrowthCase(string Name, int N, Action<int> Run)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<GrowthCase> All { get; } = [.. TaskCases.All, .. ScopeCases.All, .. CombiningCases.All, .. WaiterCases.All,
        .. OutsideCases.All];

    /// <summary>A case on a loop of its own, on virtual time.</summary>
    internal static GrowthCase OnLoop(string name, int n, Func<int, Coroutine> body) => new(name, n, count => Loop.Run(() => body(count), new LoopOptions
    {
        HandleInterrupt = false,
        TimeProvider = new VirtualClock(),
        ShutdownTimeout = TimeSpan.FromMinutes(1),
    }));

    /// <summary>
    /// 0 ... n-1 in an order that no list likes: the even ones from the end, then the odd ones from the beginning. Not at random, which would measure how much
    /// fits into the processor's caches.
    /// </summary>
    internal static IEnumerable<int> AnyOrder(int n)
    {
        for (int i = (n - 1) / 2 * 2; i >= 0; i -= 2)
        {
            yield return i;
        }

        for (int i = 1; i < n; i += 2)
        {
            yield return i;
        }
    }

    /// <summary>Waits until cancelled.</summary>
    internal static Coroutine Forever() => Loop.Sleep(Timeout.InfiniteTimeSpan);

    /// <summary>Awaits it, however it ends.</summary>
    internal static async Coroutine Ended(LoopAwaitable awaitable)
    {
        try
        {
            await awaitable;
        }
        catch (Exception)
        {
            // as it was meant
        }
    }

    /// <summary>Starts n tasks that wait, cancels them in any order, and waits for all.</summary>
    internal static async Coroutine CancelAll(int n, Func<int, Coroutine> wait)
    {
        LoopTask[] tasks = [.. Enumerable.Range(0, n).Select(i => Loop.CreateTask(wait(i)))];
        await Loop.Yield();
        await Loop.Yield();
        foreach (int i in AnyOrder(n))
        {
            tasks[i].Cancel();
        }

        await Loop.Wait(tasks);
    }
}
