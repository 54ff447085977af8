using System.Collections.Concurrent;
using EventLoop.Executors.Work;
using EventLoop.Orleans.Grains;

namespace EventLoop.Orleans.Tests;

/// <summary>Work that is expected to be quick travels together; each piece is still one of its own.</summary>
[Collection(ClusterTests.Name)]
public sealed class QuickWorkTests(Cluster cluster)
{
    private static readonly ConcurrentDictionary<string, ManualResetEventSlim> Gates = new();
    private static readonly ConcurrentDictionary<string, bool> Begun = new();

    private static void RunLoop(Func<Coroutine> main) =>
        Loop.Run(async Coroutine () => await Loop.WaitFor(main(), TimeSpan.FromSeconds(90)), new LoopOptions { HandleInterrupt = false });

    private static ManualResetEventSlim GateOf(string key) => Gates.GetOrAdd(key, static _ => new ManualResetEventSlim());

    // Quick, but for what has a key: that waits for its gate, or for its token.
    private static int Work((int Number, string? Key) argument, WorkerContext context)
    {
        if (argument.Key is { } key)
        {
            Begun[key] = true;
            GateOf(key).Wait(TimeSpan.FromSeconds(60), context.CancellationToken);
        }

        return argument.Number < 0 ? throw new InvalidDataException("negative") : argument.Number * 2;
    }

    private static Coroutine<int> Run(ClusterExecutor executor, int number, string? key = null) => executor.Run(Work, (number, key));

    // All at once, until the executor has seen on both silos that it is quick.
    private static async Coroutine<ClusterExecutor> Warm(ClusterExecutor executor)
    {
        for (int i = 0; i < 40; i++)
        {
            await Run(executor, i);
        }

        return executor;
    }

    private ClusterExecutor New(ClusterExecutorOptions? options = null) => new(cluster.Client, options);

    private static async Coroutine<Exception?> Catch(LoopAwaitable awaitable)
    {
        try
        {
            await awaitable;
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private static List<LoopTask<int>> Start(ClusterExecutor executor, int count, int special, string? key) =>
        [.. Enumerable.Range(0, count).Select(i => Loop.CreateTask(Run(executor, i, i == special ? key : null)))];

    [Fact]
    public void Quick_work_of_one_turn_travels_together() => RunLoop(async () =>
    {
        var doors = new CountingDoor(32);
        var calls = new QuickCalls(Loop.Current, await DealerOf(doors), new MessageRoom(int.MaxValue));
        var all = Enumerable.Range(0, 70).Select(_ => calls.Run(new WorkRequest(), WorkPlace.Threads, CancellationToken.None)).ToArray();
        doors.Sizes.Should().BeEmpty("nothing is sent before the turn has ended");
        await Task.WhenAll(all);
        doors.Sizes.Should().Equal(32, 32, 6);

        await calls.Run(new WorkRequest(), WorkPlace.Threads, CancellationToken.None);
        doors.Sizes.Should().Equal([32, 32, 6, 1], "one alone waits for no others");
    });

    [Fact]
    public void Quick_work_that_is_cancelled_before_its_turn_has_ended_is_not_sent() => RunLoop(async () =>
    {
        var doors = new CountingDoor(32);
        var calls = new QuickCalls(Loop.Current, await DealerOf(doors), new MessageRoom(int.MaxValue));
        using var cancellation = new CancellationTokenSource();
        var withdrawn = calls.Run(new WorkRequest(), WorkPlace.Threads, cancellation.Token);
        var kept = calls.Run(new WorkRequest(), WorkPlace.Threads, CancellationToken.None);
        cancellation.Cancel();
        await kept;
        withdrawn.IsCanceled.Should().BeTrue();
        doors.Sizes.Should().Equal(1);
    });

    [Fact]
    public void Results_and_failures_of_what_travels_together_go_to_whom_they_belong() => RunLoop(async () =>
    {
        var executor = await Warm(New());
        var tasks = Enumerable.Range(0, 300).Select(i => Loop.CreateTask(Run(executor, i % 7 == 3 ? -i : i))).ToList();
        for (int i = 0; i < tasks.Count; i++)
        {
            var failure = await Catch(tasks[i]);
            if (i % 7 == 3)
            {
                failure.Should().BeOfType<InvalidDataException>();
            }
            else
            {
                tasks[i].Result.Should().Be(i * 2);
            }
        }

        executor.Statistics.Completed.Should().Be(40 + 300 - 43);
        executor.Statistics.Failed.Should().Be(43);
        executor.Statistics.InFlight.Should().Be(0);
    });

    [Fact]
    public void One_that_is_slow_after_all_does_not_keep_what_travelled_with_it() => RunLoop(async () =>
    {
        var executor = await Warm(New());
        string key = Guid.NewGuid().ToString();
        var tasks = Start(executor, 32, special: 5, key);
        for (int i = 0; i < tasks.Count; i++)
        {
            if (i != 5)
            {
                (await tasks[i]).Should().Be(i * 2);
            }
        }

        tasks[5].IsCompleted.Should().BeFalse();
        GateOf(key).Set();
        (await tasks[5]).Should().Be(10);
    });

    [Fact]
    public void A_cancellation_reaches_one_of_what_travelled_together_and_no_other() => RunLoop(async () =>
    {
        var executor = await Warm(New());
        string key = Guid.NewGuid().ToString();
        var tasks = Start(executor, 32, special: 9, key);
        while (!Begun.ContainsKey(key))
        {
            await Loop.Sleep(1);
        }

        tasks[9].Cancel();
        (await Catch(tasks[9])).Should().BeOfType<LoopCanceledException>();
        for (int i = 0; i < tasks.Count; i++)
        {
            if (i != 9)
            {
                (await tasks[i]).Should().Be(i * 2);
            }
        }

        executor.Statistics.Canceled.Should().Be(1);
        executor.Statistics.InFlight.Should().Be(0);
    });

    [Fact]
    public void A_time_limit_is_one_for_each_of_what_travels_together() => RunLoop(async () =>
    {
        var executor = await Warm(New(new ClusterExecutorOptions { TaskTimeout = TimeSpan.FromSeconds(2) }));
        string key = Guid.NewGuid().ToString();
        var tasks = Start(executor, 32, special: 31, key);
        (await Catch(tasks[31])).Should().BeOfType<TimeoutException>();
        executor.Statistics.TimedOut.Should().Be(1);
        executor.Statistics.Completed.Should().Be(40 + 31);
    });

    [Fact]
    public void Quick_work_that_waits_for_room_arrives_as_well() => RunLoop(async () =>
    {
        var executor = await Warm(New(new ClusterExecutorOptions { MaxInFlight = 16 }));
        var results = await Loop.Gather(Enumerable.Range(0, 500).Select(i => Run(executor, i)));
        results.Should().Equal(Enumerable.Range(0, 500).Select(static i => i * 2));
        (await Task.Run(async () => await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => executor.SubmitAsync(static () => 7)))))
            .Should().OnlyContain(static seven => seven == 7);
    });

    [Fact]
    public void Work_that_its_loop_had_not_sent_when_it_closed_is_withdrawn()
    {
        Task? pending = null;
        var runner = new LoopRunner(new LoopOptions { HandleInterrupt = false });
        var dealer = Task.Run(static () => Loop.Run(() => DealerOf(new CountingDoor(1)), new LoopOptions { HandleInterrupt = false })).Result;
        var calls = new QuickCalls(runner.Loop, dealer, new MessageRoom(int.MaxValue));
        runner.Loop.CallSoon(() =>
        {
            pending = calls.Run(new WorkRequest(), WorkPlace.Threads, CancellationToken.None);
            runner.Loop.Stop();
        });
        runner.Loop.RunForever();
        runner.Dispose();
        calls.Withdraw();
        pending!.IsCompleted.Should().BeTrue();
    }

    // A dealer that has found its one silo.
    private static async Coroutine<SiloDealer> DealerOf(CountingDoor door)
    {
        var dealer = new SiloDealer(() => door, static () => throw new NotSupportedException(), static () => 0);
        dealer.GiveBack(await dealer.Deal(WorkPlace.Threads, 1, SiloDealer.Unbounded, CancellationToken.None));
        return dealer;
    }

    private sealed class CountingDoor(int most) : IWorkerGrain
    {
        internal List<int> Sizes { get; } = [];

        public Task<SiloDescription> Describe() => Task.FromResult(new SiloDescription { Name = "one" });

        public Task<WorkReply> Run(WorkRequest request, CancellationToken cancellationToken)
        {
            Sizes.Add(1);
            return Task.FromResult(new WorkReply());
        }

        public Task<WorkReply[]> RunMany(WorkRequest[] requests)
        {
            requests.Length.Should().BeInRange(2, most);
            Sizes.Add(requests.Length);
            return Task.FromResult(Array.ConvertAll(requests, static _ => new WorkReply()));
        }
    }
}
