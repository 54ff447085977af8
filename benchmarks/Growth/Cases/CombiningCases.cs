using static EventLoop.Benchmarks.Growth.GrowthCase;

namespace EventLoop.Benchmarks.Growth;

/// <summary>gather, wait, as_completed: many children, and many of them for one child.</summary>
internal static class CombiningCases
{
    internal static IEnumerable<GrowthCase> All =>
    [
        OnLoop("a gather of many", 4_000, static n => Loop.Gather(Many(n))),
        OnLoop("a gather of many outcomes", 4_000, static n => Loop.GatherOutcomes(Many(n))),
        OnLoop("a gather of many that is cancelled", 2_000, static async n =>
        {
            LoopTask gatherer = Loop.CreateTask(Loop.Gather(Enumerable.Range(0, n).Select(static _ => Forever())));
            await Loop.Yield();
            await Loop.Yield();
            gatherer.Cancel();
            await Ended(gatherer);
        }),
        OnLoop("gathers of one future, each of which fails", 2_000, static async n =>
        {
            LoopFuture stop = Loop.Current.CreateFuture();
            for (int i = 0; i < n; i++)
            {
                LoopFuture failed = Loop.Current.CreateFuture();
                failed.SetException(new InvalidOperationException());
                await Ended(Loop.CreateTask(Loop.Gather((LoopAwaitable)stop, failed)));
            }

            stop.SetResult();
        }),
        OnLoop("gathers of one future cancelled in any order", 2_000, static async n =>
        {
            LoopTask stop = Loop.CreateTask(Forever());
            await CancelAll(n, _ => Loop.Gather((LoopAwaitable)Loop.CreateTask(Loop.Shield(stop))));
        }),
        OnLoop("waits for one .NET task given up in any order", 2_000, static async n =>
        {
            var stop = new TaskCompletionSource<int>();
            await CancelAll(n, _ => Loop.Gather(stop.Task));
        }),
        OnLoop("a gather of many .NET tasks", 2_000, static async n =>
        {
            TaskCompletionSource<int>[] sources = [.. Enumerable.Range(0, n).Select(static _ => new TaskCompletionSource<int>())];
            LoopTask gatherer = Loop.CreateTask(Loop.Gather(sources.Select(static one => one.Task)));
            await Loop.Yield();
            foreach (int i in AnyOrder(n))
            {
                sources[i].SetResult(i);
            }

            await gatherer;
        }),
        OnLoop("a wait for many", 4_000, static n => Loop.Wait([.. Many(n).Select(static one => Loop.CreateTask(one))])),
        OnLoop("as_completed of many", 2_000, static async n =>
        {
            await foreach (LoopTask<int> done in Loop.AsCompleted(Enumerable.Range(0, n).Select(static i => After(i))))
            {
                await done;
            }
        }),
        OnLoop("a gather of one future many times over", 2_000, static async n =>
        {
            LoopFuture future = Loop.Current.CreateFuture();
            LoopTask gatherer = Loop.CreateTask(Loop.Gather(Enumerable.Repeat<LoopAwaitable>(future, n)));
            await Loop.Yield();
            future.SetResult();
            await gatherer;
        }),
    ];

    private static IEnumerable<Coroutine<int>> Many(int n) => Enumerable.Range(0, n).Select(static i => After(i));

    private static async Coroutine<int> After(int value)
    {
        await Loop.Yield();
        return value;
    }
}
