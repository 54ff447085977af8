using static EventLoop.Benchmarks.Growth.GrowthCase;

namespace EventLoop.Benchmarks.Growth;

/// <summary>Groups, scopes, timeouts: wide and deep.</summary>
internal static class ScopeCases
{
    internal static IEnumerable<GrowthCase> All =>
    [
        OnLoop("children of a group in a scope", 4_000, static n => CancelScope.Run(async _ => await TaskGroup.Run(async group =>
        {
            for (int i = 0; i < n; i++)
            {
                group.StartSoon(async Coroutine () => await Loop.Yield());
            }
        }))),
        OnLoop("children of a group that end in any order", 2_000, static async n =>
        {
            LoopFuture[] gates = [.. Enumerable.Range(0, n).Select(static _ => Loop.Current.CreateFuture())];
            await CancelScope.Run(async _ => await TaskGroup.Run(async group =>
            {
                foreach (LoopFuture gate in gates)
                {
                    group.StartSoon(async Coroutine () => await gate);
                }

                await Loop.Yield();
                foreach (int i in AnyOrder(n))
                {
                    gates[i].SetResult();
                    await Loop.Yield();
                }
            }));
        }),
        OnLoop("children of a group cancelled by its scope", 2_000, static n => CancelScope.Run(async scope => await TaskGroup.Run(async group =>
        {
            for (int i = 0; i < n; i++)
            {
                group.StartSoon(Forever());
            }

            await Loop.Yield();
            scope.Cancel();
            await Forever();
        }))),
        OnLoop("shields toggled in a nest", 2_000, static async n =>
        {
            var scopes = new List<CancelScope>();
            LoopTask task = Loop.CreateTask(Nested(n));
            await Loop.Yield();
            foreach (bool shield in (bool[])[true, false])
            {
                scopes.ForEach(scope => scope.Shield = shield);
            }

            task.Cancel();
            await Loop.Wait([task]);

            async Coroutine Nested(int levels)
            {
                if (levels == 0)
                {
                    await Forever();
                    return;
                }

                var scope = new CancelScope();
                scopes.Add(scope);
                await scope.RunAsync(async () => await Nested(levels - 1));
            }
        }),
        OnLoop("children of a group that all fail", 2_000, static async n =>
        {
            try
            {
                await TaskGroup.Run(async group =>
                {
                    for (int i = 0; i < n; i++)
                    {
                        group.StartSoon(async Coroutine () =>
                        {
                            await Loop.Yield();
                            throw new InvalidOperationException();
                        });
                    }
                });
            }
            catch (AggregateException)
            {
                // as it was meant
            }
        }),
        OnLoop("nested scopes", 500, static n => Nested(n, static inner => CancelScope.Run(async _ => await inner()), static () => Loop.Yield())),
        OnLoop("nested scopes cancelled", 500, static async n => await CancelScope.Run(async outer =>
            await Nested(n, static inner => CancelScope.Run(async _ => await inner()), async () =>
            {
                outer.Cancel();
                await Forever();
            }))),
        OnLoop("nested scopes with tokens cancelled", 500, static async n => await CancelScope.Run(async outer =>
            await Nested(n, static inner => CancelScope.Run(async scope =>
            {
                _ = scope.Token;
                await inner();
            }), async () =>
            {
                outer.Cancel();
                await Forever();
            }))),
        OnLoop("nested timeouts that expire at once", 500, static async n =>
        {
            try
            {
                await Nested(n, static inner => Loop.Timeout(TimeSpan.FromSeconds(1), async _ => await inner()), static () => Forever());
            }
            catch (TimeoutException)
            {
                // as it was meant
            }
        }),
        OnLoop("nested timeouts that expire one after the other", 500, static async n =>
        {
            int caught = 0;
            await Ended(Loop.CreateTask(Inside(n)));

            async Coroutine Inside(int levels)
            {
                if (levels > 0)
                {
                    await Loop.Timeout(TimeSpan.FromMilliseconds(levels), async _ => await Inside(levels - 1));
                    return;
                }

                while (caught < n)
                {
                    try
                    {
                        await Forever();
                    }
                    catch (OperationCanceledException)
                    {
                        caught++;
                    }
                }

                throw new OperationCanceledException();
            }
        }),
        OnLoop("nested scopes that are cancelled and left one after the other", 500, static async n =>
        {
            await Inside(n);

            static async Coroutine Inside(int levels)
            {
                if (levels == 0)
                {
                    return;
                }

                await CancelScope.Run(async scope =>
                {
                    await Inside(levels - 1);
                    await Loop.Yield();
                    scope.Cancel();
                    await Loop.Yield();
                });
            }
        }),
        OnLoop("nested timeouts in a task that is cancelled", 500, static async n =>
        {
            LoopTask task = Loop.CreateTask(Nested(n, static inner => Loop.Timeout(TimeSpan.FromSeconds(1), async _ => await inner()), static () => Forever()));
            await Loop.Yield();
            task.Cancel();
            await Ended(task);
        }),
        OnLoop("nested groups cancelled", 250, static async n =>
        {
            LoopTask task = Loop.CreateTask(Nested(n, static inner => TaskGroup.Run(async group => group.StartSoon(inner())), static () => Forever()));
            await Loop.Sleep(1);
            task.Cancel();
            await Ended(task);
        }),
        OnLoop("flows of one task in scopes of their own", 1_000, static async n =>
        {
            await Task.WhenAll(Enumerable.Range(0, n).Select(static _ => Flow()));

            static async Task Flow() => await CancelScope.Run(async _ => await Loop.Yield());
        }),
        OnLoop("flows of one task in scopes of their own, cancelled", 1_000, static async n =>
        {
            LoopTask task = Loop.CreateTask(async Task () => await Task.WhenAll(Enumerable.Range(0, n).Select(static _ => Flow())));
            await Loop.Yield();
            task.Cancel();
            await Ended(task);

            static async Task Flow() => await CancelScope.Run(async _ => await Forever());
        }),
        OnLoop("waits with timeouts that all expire", 2_000, static n =>
            Loop.GatherOutcomes(Enumerable.Range(0, n).Select(static _ => Loop.WaitFor(Forever(), TimeSpan.FromSeconds(1))))),
        OnLoop("tokens of tasks in a scope", 2_000, static n => CancelScope.Run(async scope => await TaskGroup.Run(async group =>
        {
            for (int i = 0; i < n; i++)
            {
                group.StartSoon(async Coroutine () =>
                {
                    _ = Loop.CancellationToken;
                    await Forever();
                });
            }

            await Loop.Yield();
            scope.Cancel();
            await Forever();
        }))),
    ];

    private static async Coroutine Nested(int depth, Func<Func<Coroutine>, Coroutine> within, Func<Coroutine> innermost)
    {
        if (depth == 0)
        {
            await innermost();
            return;
        }

        await within(() => Nested(depth - 1, within, innermost));
    }
}
