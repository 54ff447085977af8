using static EventLoop.Benchmarks.Growth.GrowthCase;

namespace EventLoop.Benchmarks.Growth;

/// <summary>Many who wait for one primitive, and leave in any order.</summary>
internal static class WaiterCases
{
    internal static IEnumerable<GrowthCase> All =>
    [
        OnLoop("waiters of a lock cancelled in any order", 2_000, static async n =>
        {
            var mutex = new AsyncLock();
            mutex.TryAcquire();
            await CancelAll(n, _ => mutex.AcquireAsync());
        }),
        OnLoop("waiters of a lock served", 2_000, static async n =>
        {
            var mutex = new AsyncLock();
            await Loop.Gather(Enumerable.Range(0, n).Select(_ => Hold()));

            async Coroutine Hold()
            {
                using (await mutex.AcquireAsync())
                {
                    await Loop.Yield();
                }
            }
        }),
        OnLoop("waiters of a semaphore cancelled in any order", 2_000, static async n =>
        {
            var semaphore = new AsyncSemaphore(1);
            semaphore.TryAcquire();
            await CancelAll(n, _ => semaphore.AcquireAsync());
        }),
        OnLoop("permits of a semaphore released in any order", 2_000, static async n =>
        {
            var semaphore = new AsyncSemaphore(n);
            Releaser[] releasers = new Releaser[n];
            for (int i = 0; i < n; i++)
            {
                releasers[i] = await semaphore.AcquireAsync();
            }

            foreach (int i in AnyOrder(n))
            {
                releasers[i].Dispose();
            }
        }),
        OnLoop("waiters of an event cancelled in any order", 2_000, static async n =>
        {
            var signal = new AsyncEvent();
            await CancelAll(n, _ => signal.WaitAsync());
        }),
        OnLoop("waiters of a condition notified", 2_000, static async n =>
        {
            var condition = new AsyncCondition();
            LoopTask[] waiters = [.. Enumerable.Range(0, n).Select(_ => Loop.CreateTask(Wait()))];
            await Loop.Sleep(1);
            using (await condition.AcquireAsync())
            {
                condition.NotifyAll();
            }

            await Loop.Wait(waiters);

            async Coroutine Wait()
            {
                using (await condition.AcquireAsync())
                {
                    await condition.WaitAsync();
                }
            }
        }),
        OnLoop("waiters of a condition cancelled in any order", 2_000, static async n =>
        {
            var condition = new AsyncCondition();
            await CancelAll(n, _ => Wait());

            async Coroutine Wait()
            {
                using (await condition.AcquireAsync())
                {
                    await condition.WaitAsync();
                }
            }
        }),
        OnLoop("getters of a queue cancelled in any order", 2_000, static async n =>
        {
            var queue = new AsyncQueue<int>();
            await CancelAll(n, _ => queue.GetAsync());
        }),
        OnLoop("putters of a queue cancelled in any order", 2_000, static async n =>
        {
            var queue = new AsyncQueue<int>(1);
            queue.TryPut(0);
            await CancelAll(n, queue.PutAsync);
        }),
        OnLoop("a priority queue filled and emptied", 2_000, static async n =>
        {
            var queue = new AsyncPriorityQueue<int, int>();
            foreach (int i in AnyOrder(n))
            {
                queue.TryPut(i, i);
            }

            for (int i = 0; i < n; i++)
            {
                await queue.GetAsync();
            }
        }),
        OnLoop("senders of a channel cancelled in any order", 2_000, static async n =>
        {
            var (sender, receiver) = MemoryChannel.Create<int>(0);
            await CancelAll(n, sender.SendAsync);
            receiver.Dispose();
        }),
        OnLoop("receivers of a channel cancelled in any order", 2_000, static async n =>
        {
            var (sender, receiver) = MemoryChannel.Create<int>(0);
            await CancelAll(n, _ => receiver.ReceiveAsync());
            sender.Dispose();
        }),
        OnLoop("clones of a channel disposed in any order while receivers wait", 2_000, static async n =>
        {
            var (sender, receiver) = MemoryChannel.Create<int>(0);
            ChannelReceiver<int>[] clones = [.. Enumerable.Range(0, n).Select(_ => receiver.Clone())];
            LoopTask[] tasks = [.. clones.Select(static one => Loop.CreateTask(one.ReceiveAsync()))];
            await Loop.Yield();
            foreach (int i in AnyOrder(n))
            {
                clones[i].Dispose();
            }

            await Loop.GatherOutcomes(tasks);
            sender.Dispose();
        }),
        OnLoop("clones of a channel, each with two senders that wait, disposed in any order", 1_000, static async n =>
        {
            var (sender, receiver) = MemoryChannel.Create<int>(0);
            ChannelSender<int>[] clones = [.. Enumerable.Range(0, n).Select(_ => sender.Clone())];
            LoopTask[] tasks = [.. clones.Concat(clones).Select(static one => Loop.CreateTask(one.SendAsync(1)))];
            await Loop.Yield();
            foreach (int i in AnyOrder(n))
            {
                clones[i].Dispose();
            }

            await Loop.GatherOutcomes(tasks);
            receiver.Dispose();
        }),
        OnLoop("parties of a barrier", 2_000, static async n =>
        {
            var barrier = new AsyncBarrier(n);
            await Loop.Gather(Enumerable.Range(0, n).Select(_ => barrier.WaitAsync()));
        }),
        OnLoop("parties of a barrier cancelled in any order", 2_000, static async n =>
        {
            var barrier = new AsyncBarrier(n + 1);
            await CancelAll(n, _ => barrier.WaitAsync());
        }),
        OnLoop("borrowers of a limiter that give back in any order", 2_000, static async n =>
        {
            var limiter = new CapacityLimiter(n);
            object[] borrowers = [.. Enumerable.Range(0, n).Select(static _ => new object())];
            foreach (object borrower in borrowers)
            {
                await limiter.AcquireOnBehalfOfAsync(borrower);
            }

            foreach (int i in AnyOrder(n))
            {
                limiter.ReleaseOnBehalfOf(borrowers[i]);
            }
        }),
        OnLoop("waiters of a limiter cancelled in any order", 2_000, static async n =>
        {
            var limiter = new CapacityLimiter(1);
            limiter.TryAcquire();
            await CancelAll(n, _ => limiter.AcquireAsync());
        }),
    ];
}
