using static EventLoop.Benchmarks.Growth.GrowthCase;

namespace EventLoop.Benchmarks.Growth;

/// <summary>Tasks, futures, callbacks, timers, and the loop that has many of them.</summary>
internal static class TaskCases
{
    internal static IEnumerable<GrowthCase> All =>
    [
        OnLoop("tasks started and joined", 4_000, async n =>
        {
            LoopTask[] tasks = [.. Enumerable.Range(0, n).Select(static _ => Loop.CreateTask(async () => await Loop.Yield()))];
            foreach (LoopTask task in tasks)
            {
                await task;
            }
        }),
        OnLoop("tasks cancelled in any order", 2_000, static n => CancelAll(n, static _ => Forever())),
        OnLoop("a chain of tasks cancelled at its end", 2_000, async n =>
        {
            LoopTask last = Loop.CreateTask(Forever());
            for (int i = 0; i < n; i++)
            {
                LoopTask awaited = last;
                last = Loop.CreateTask(async () => await awaited);
                await Loop.Yield();
            }

            last.Cancel();
            await Ended(last);
        }),
        OnLoop("a chain of tasks with done callbacks", 2_000, async n =>
        {
            LoopFuture gate = Loop.Current.CreateFuture();
            LoopAwaitable last = gate;
            for (int i = 0; i < n; i++)
            {
                LoopAwaitable awaited = last;
                LoopTask task = Loop.CreateTask(async () => await awaited);
                task.AddDoneCallback(static _ => { });
                last = task;
                await Loop.Yield();
            }

            gate.SetResult();
            await last;
        }),
        OnLoop("a chain of coroutines that fails at its end", 2_000, async n =>
        {
            try
            {
                await Down(n);
            }
            catch (InvalidOperationException)
            {
                // as it was meant
            }

            static async Coroutine Down(int depth)
            {
                if (depth == 0)
                {
                    await Loop.Yield();
                    throw new InvalidOperationException();
                }

                await Down(depth - 1);
            }
        }),
        OnLoop("done callbacks added and taken back in any order", 4_000, static async n =>
        {
            LoopFuture future = Loop.Current.CreateFuture();
            Action<LoopAwaitable>[] callbacks = [.. Enumerable.Range(0, n).Select(static i => (Action<LoopAwaitable>)(_ => GC.KeepAlive(i)))];
            foreach (var callback in callbacks)
            {
                future.AddDoneCallback(callback);
            }

            foreach (int i in AnyOrder(n))
            {
                future.RemoveDoneCallback(callbacks[i]);
            }

            future.SetResult();
        }),
        OnLoop("a done callback added and taken back beside many awaiters", 2_000, static async n =>
        {
            LoopFuture future = Loop.Current.CreateFuture();
            for (int i = 0; i < n; i++)
            {
                Loop.StartSoon(async Coroutine () => await future);
            }

            await Loop.Yield();
            for (int i = 0; i < n; i++)
            {
                Action<LoopAwaitable> callback = static _ => { };
                future.AddDoneCallback(callback);
                future.RemoveDoneCallback(callback);
            }

            future.SetResult();
            await Loop.Yield();
        }),
        OnLoop("awaiters of one future cancelled in any order", 2_000, static async n =>
        {
            LoopFuture future = Loop.Current.CreateFuture();
            await CancelAll(n, _ => Loop.Shield(future));
            future.SetResult();
        }),
        OnLoop("timers made and cancelled in any order", 4_000, static async n =>
        {
            TimerHandle[] timers = [.. AnyOrder(n).Select(static i => Loop.Current.CallLater(TimeSpan.FromSeconds(1 + i), static () => { }))];
            foreach (int i in AnyOrder(n))
            {
                timers[i].Cancel();
            }
        }),
        OnLoop("sleepers that wake", 4_000, static n => Loop.Gather(AnyOrder(n).Select(static i => Loop.Sleep(1 + i)))),
        OnLoop("statistics beside many tasks", 500, static async n =>
        {
            for (int i = 0; i < n; i++)
            {
                Loop.StartSoon(Forever());
            }

            await Loop.Yield();
            for (int i = 0; i < n; i++)
            {
                _ = Loop.Current.Statistics;
            }
        }),
        OnLoop("tasks left at the end of a run", 2_000, static async n =>
        {
            for (int i = 0; i < n; i++)
            {
                Loop.StartSoon(Forever());
            }
        }),
        OnLoop("tasks that start tasks at the end of a run", 2_000, static async n =>
        {
            for (int i = 0; i < n; i++)
            {
                Loop.StartSoon(async Coroutine () =>
                {
                    try
                    {
                        await Forever();
                    }
                    finally
                    {
                        Loop.StartSoon(Forever());
                    }
                });
            }

            await Loop.Yield();
        }),
    ];
}
