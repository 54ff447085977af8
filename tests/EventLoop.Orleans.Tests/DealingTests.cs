using System.Collections.Concurrent;
using EventLoop.Executors.Work;
using EventLoop.Orleans.Grains;
using Orleans.Runtime;

namespace EventLoop.Orleans.Tests;

/// <summary>Silos that are slow or stuck hold up what they have, and nothing else.</summary>
[Collection(ClusterTests.Name)]
public sealed class DealingTests(Cluster cluster)
{
    private const int Threads = 2;      // of each silo of the cluster

    private static readonly ManualResetEventSlim Gate = new();
    private static volatile string? slow;
    private static int quickEnded, slowEnded;

    private static void RunLoop(Func<Coroutine> main) =>
        Loop.Run(async Coroutine () => await Loop.WaitFor(main(), TimeSpan.FromSeconds(90)), new LoopOptions { HandleInterrupt = false });

    // Nothing but the silo of the first piece is slow from now on.
    private async Coroutine<ClusterExecutor> New(ClusterExecutorOptions? options = null)
    {
        Gate.Reset();
        quickEnded = slowEnded = 0;
        var executor = new ClusterExecutor(cluster.Client, options);
        slow = await executor.Run(static () => ClusterWork.Silo!);
        return executor;
    }

    private static bool StuckOnOne(int number)
    {
        bool isStuck = ClusterWork.Silo == slow;
        if (isStuck)
        {
            Gate.Wait(TimeSpan.FromSeconds(80));
        }
        else
        {
            Thread.Sleep(3);      // not so quick that many are sent ahead
        }

        return isStuck;
    }

    [Fact]
    public void A_silo_that_is_stuck_keeps_a_few_pieces_and_the_others_do_the_rest() => RunLoop(async () =>
    {
        const int count = 120, dealt = 2 * Threads;
        var executor = await New();
        var tasks = Enumerable.Range(0, count).Select(i => Loop.CreateTask(executor.Run(StuckOnOne, i))).ToList();
        while (tasks.Count(static task => task.IsCompleted) < count - dealt)
        {
            await Loop.Sleep(5);
        }

        tasks.Where(static task => task.IsCompleted).Should().OnlyContain(static task => !task.Result);
        executor.Statistics.InFlight.Should().BeInRange(1, dealt, "it had some, and keeps them");
        Gate.Set();
        (await Loop.Gather(tasks.Select(static task => task.AsCoroutine()))).Count(static isStuck => isStuck).Should().BeInRange(1, dealt);
    });

    [Fact]
    public void AsCompleted_is_not_held_up_by_a_silo_that_is_stuck_although_little_may_be_in_flight() => RunLoop(async () =>
    {
        const int count = 100, dealt = 2 * Threads;
        var executor = await New(new ClusterExecutorOptions { MaxInFlight = 8 });
        int seen = 0;
        await foreach (var (_, outcome) in executor.AsCompleted(StuckOnOne, Enumerable.Range(0, count)))
        {
            if (++seen == count - dealt)
            {
                Gate.Set();
            }

            (seen > count - dealt || !outcome.Value).Should().BeTrue();
        }

        seen.Should().Be(count);
    });

    // On the slow silo each one takes as long as ten elsewhere, or until there is nothing else.
    private static bool TenTimesAsLongOnOne(int count)
    {
        if (ClusterWork.Silo != slow)
        {
            Thread.Sleep(3);
            Interlocked.Increment(ref quickEnded);
            return false;
        }

        int until = Volatile.Read(ref quickEnded) + 10;
        SpinWait.SpinUntil(() => Volatile.Read(ref quickEnded) >= until || Gate.IsSet, TimeSpan.FromSeconds(60));
        Interlocked.Increment(ref slowEnded);
        return true;
    }

    [Fact]
    public void A_silo_that_takes_ten_times_as_long_gets_a_share_that_fits() => RunLoop(async () =>
    {
        const int count = 200;
        var executor = await New();
        var tasks = Enumerable.Range(0, count).Select(_ => Loop.CreateTask(executor.Run(TenTimesAsLongOnOne, count))).ToList();
        while (Volatile.Read(ref quickEnded) + Volatile.Read(ref slowEnded) < count - 2 * Threads)
        {
            await Loop.Sleep(5);
        }

        Gate.Set();
        var where = await Loop.Gather(tasks.Select(static task => task.AsCoroutine()));
        where.Count(static isSlow => isSlow).Should().BeInRange(1, count / 4, "two threads, one piece each while ten end elsewhere");
    });

    [Fact]
    public void One_after_the_other_they_go_to_the_quicker_silo() => RunLoop(async () =>
    {
        var executor = await New();
        int there = 0;
        for (int i = 0; i < 40; i++)
        {
            there += await executor.Run(
                static (int _) =>
                {
                    bool isSlow = ClusterWork.Silo == slow;
                    Thread.Sleep(isSlow ? 100 : 5);
                    return isSlow ? 1 : 0;
                },
                i);
        }

        there.Should().BeLessThan(20, "in turn it would have half");
    });

    [Fact]
    public void Asynchronous_work_waits_for_no_thread_however_much_there_is() => RunLoop(async () =>
    {
        var executor = await New();
        var tasks = Enumerable.Range(0, 100).Select(i => Loop.CreateTask(executor.Run(
            static async Coroutine<int> (int number) =>
            {
                Interlocked.Increment(ref quickEnded);
                while (!Gate.IsSet)
                {
                    await Loop.Sleep(1);
                }

                return number;
            },
            i))).ToList();
        while (Volatile.Read(ref quickEnded) < tasks.Count)
        {
            await Loop.Sleep(1);
        }

        (await executor.Run(static () => 7)).Should().Be(7, "the threads are free");
        Gate.Set();
        (await Loop.Gather(tasks.Select(static task => task.AsCoroutine()))).Should().Equal(Enumerable.Range(0, 100));
    });

    [Fact]
    public void Asynchronous_work_does_not_wait_behind_work_that_waits_for_a_thread() => RunLoop(async () =>
    {
        var executor = await New();
        var stuck = Enumerable.Range(0, 20).Select(_ => Loop.CreateTask(executor.Run(static (int _) => Gate.Wait(TimeSpan.FromSeconds(80)), 0))).ToList();
        await Loop.Sleep(100);
        try
        {
            var quick = executor.Run(
                static async Coroutine<int> (int number) =>
                {
                    await Loop.Yield();
                    return number;
                },
                5);
            (await Loop.WaitFor(quick, TimeSpan.FromSeconds(3))).Should().Be(5);
            stuck.Should().OnlyContain(static task => !task.IsCompleted);
        }
        finally
        {
            Gate.Set();
        }

        await Loop.Gather(stuck.Select(static task => task.AsCoroutine()));
    });

    [Fact]
    public void Work_that_waits_for_a_silo_is_withdrawn_without_a_call() => RunLoop(async () =>
    {
        var executor = await New();
        var stuck = Enumerable.Range(0, 8).Select(_ => Loop.CreateTask(executor.Run(static (int _) => Gate.Wait(TimeSpan.FromSeconds(80)), 0))).ToList();
        var waits = Enumerable.Range(0, 20).Select(_ => Loop.CreateTask(executor.Run(static (int _) => Interlocked.Increment(ref quickEnded), 0))).ToList();
        await Loop.Yield();
        waits.ForEach(static wait => wait.Cancel());
        await Loop.Wait(waits);
        waits.Should().OnlyContain(static wait => wait.IsCanceled);
        Gate.Set();
        await Loop.Gather(stuck.Select(static task => task.AsCoroutine()));
        Volatile.Read(ref quickEnded).Should().Be(0);
        executor.Statistics.Canceled.Should().Be(20);
        executor.Statistics.InFlight.Should().Be(0);
    });

    [Fact]
    public void A_way_to_a_silo_that_cannot_be_made_fails_one_call_and_the_next_one_tries_again() => RunLoop(async () =>
    {
        int asked = 0;
        var door = new FakeDoor(static (_, _) => Task.FromResult(new WorkReply()));
        var dealer = new SiloDealer(
            () => asked++ == 0 ? throw new ArgumentException("no such grain") : door, static () => throw new NotSupportedException(), static () => 0);
        Func<Task> first = async () => await dealer.Deal(WorkPlace.Threads, 1, 2, CancellationToken.None);
        (await first.Should().ThrowAsync<OrleansException>()).WithInnerException<ArgumentException>();
        var second = await dealer.Deal(WorkPlace.Threads, 1, 2, CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        second.Silo.Name.Should().Be("fake");
    });

    [Fact]
    public void A_function_has_the_same_number_in_all_calls_so_that_a_silo_keeps_it_once() => RunLoop(async () =>
    {
        var numbers = new ConcurrentBag<Guid>();
        var grains = FakeGrains.Of(new FakeDoor((request, _) =>
        {
            numbers.Add(request.Function);
            return Task.FromResult(new WorkReply());
        }));
        static int Two() => 2;
        for (int client = 0; client < 3; client++)
        {
            var calls = new ClusterCalls(grains, new ClusterExecutorOptions());
            for (int made = 0; made < 3; made++)
            {
                await calls.RunAsync(WorkName.Of(new Func<int>(Two)), default, false, null, null, CancellationToken.None);
            }
        }

        numbers.Should().HaveCount(9);
        numbers.Distinct().Should().ContainSingle();
        await new ClusterCalls(grains, new ClusterExecutorOptions()).Run();
        numbers.Distinct().Should().HaveCount(2, "another function has another one");
    });
}
