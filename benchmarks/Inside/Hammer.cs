using System.Diagnostics;
using EventLoop;
using EventLoop.Diagnostics;

namespace Inside;

/// <summary>Snapshots without end on two threads, of a loop in which everything moves but for some that wait for what is known.</summary>
internal static class Hammer
{
    private const int Still = 50;

    internal static void Run(Report report, bool quick)
    {
        var time = TimeSpan.FromSeconds(quick ? 3 : 20);
        long looks = 0, exceptions = 0, missing = 0, doubled = 0, wrong = 0, tasks = 0, unread = 0;
        bool ends = false;
        Loop.Run(async Coroutine () =>
        {
            var loop = Loop.Current;
            var held = new AsyncLock().Named("held");
            using var holder = await held.AcquireAsync();
            List<LoopTask> still = [];
            for (int i = 0; i < Still; i++)
            {
                still.Add(Loop.CreateTask(async () => { using (await held.AcquireAsync()) { } }, "still"));
            }

            List<LoopTask> moving = [];
            for (int i = 0; i < 50; i++)
            {
                moving.Add(Loop.CreateTask(Churn(() => ends)));
            }

            await Loop.Sleep(50);
            var ids = still.Select(static task => task.Id).ToHashSet();
            var threads = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
            {
                while (!Volatile.Read(ref ends))
                {
                    try
                    {
                        var seen = loop.TakeSnapshot();
                        Interlocked.Increment(ref looks);
                        Interlocked.Add(ref tasks, seen.Tasks.Count);
                        Interlocked.Add(ref unread, seen.Unread);
                        var mine = seen.Tasks.Where(task => ids.Contains(task.Id)).ToList();
                        int different = mine.DistinctBy(static task => task.Id).Count();
                        Interlocked.Add(ref missing, Still - different);
                        Interlocked.Add(ref doubled, seen.Tasks.Count - seen.Tasks.DistinctBy(static task => task.Id).Count());
                        Interlocked.Add(ref wrong, mine.Count(static task => task.Waits is not [{ Kind: WaitKind.Lock, Name: "held" }]));
                    }
                    catch (Exception)
                    {
                        Interlocked.Increment(ref exceptions);
                    }
                }
            })).ToList();
            threads.ForEach(static thread => thread.Start());
            await Loop.Sleep(time);
            Volatile.Write(ref ends, true);
            await Loop.Gather([.. moving]);
            threads.ForEach(static thread => thread.Join());
            still.ForEach(static task => task.Cancel());
        });
        report.Add(2, $"hammer of {time.TotalSeconds:0} s, two threads: snapshots", looks);
        report.Add(2, "    tasks read", tasks / 1e6, "M");
        report.Add(2, "    tasks that moved too fast to be read", unread);
        report.Add(2, "    exceptions", exceptions, goal: 0);
        report.Add(2, "    living tasks missing", missing, goal: 0);
        report.Add(2, "    tasks listed twice", doubled, goal: 0);
        report.Add(2, "    waits that were not the task's", wrong, goal: 0);
    }

    private static async Coroutine Churn(Func<bool> ends)
    {
        var queue = new AsyncQueue<int>(2);
        var mutex = new AsyncLock();
        while (!ends())
        {
            await TaskGroup.Run(async group =>
            {
                group.StartSoon(async Coroutine () => await queue.PutAsync(1));
                group.StartSoon(async Coroutine () => await queue.GetAsync());
                group.StartSoon(async Coroutine () => { using (await mutex.AcquireAsync()) { await Loop.Yield(); } });
                await Loop.Yield();
            });
            var cancelled = Loop.CreateTask(static async () => await Loop.Sleep(TimeSpan.FromMinutes(1)));
            await Loop.Yield();
            cancelled.Cancel();
            await Loop.Wait([cancelled]);
            await Task.Yield();
            await Loop.Gather([Loop.CreateTask(static async () => await Loop.Yield()), Loop.CreateTask(static async () => await Loop.Sleep(1))]);
        }
    }
}
