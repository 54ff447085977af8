using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using EventLoop.Executors.Work;
using EventLoop.Orleans.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace EventLoop.Orleans.Tests;

/// <summary>Silos that die: each test has a cluster of its own.</summary>
public sealed class LostSiloTests
{
    private static readonly ConcurrentDictionary<string, ConcurrentBag<(string Silo, int Attempt)>> Begun = new();

    private static string Work(string key)
    {
        Begun.GetOrAdd(key, static _ => []).Add((ClusterWork.Silo!, ClusterWork.Attempt));
        Thread.Sleep(1500);
        return ClusterWork.Silo!;
    }

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

    private static void WithCluster(Func<InProcessTestCluster, ClusterExecutor, Coroutine> test) => Loop.Run(
        async Coroutine () =>
        {
            await using var cluster = Cluster.Build(2);
            await cluster.DeployAsync();
            await Loop.WaitFor(test(cluster, cluster.Client.ServiceProvider.GetRequiredService<ClusterExecutor>()), TimeSpan.FromSeconds(90));
        },
        new LoopOptions { HandleInterrupt = false });

    private static Task Kill(InProcessTestCluster cluster, string silo) =>
        cluster.KillSiloAsync(cluster.Silos.Single(handle => handle.SiloAddress.ToString() == silo), CancellationToken.None);

    [Fact]
    public void A_silo_that_dies_fails_what_runs_and_what_waits_there_and_nothing_else() => WithCluster(async (cluster, executor) =>
    {
        string key = Guid.NewGuid().ToString();
        var tasks = Enumerable.Range(0, 16).Select(_ => Loop.CreateTask(executor.Run(Work, key))).ToList();
        while (!Begun.TryGetValue(key, out var begun) || begun.Select(static one => one.Silo).Distinct().Count() < 2)
        {
            await Loop.Sleep(10);
        }

        string dead = Begun[key].First().Silo;
        await Kill(cluster, dead);
        int lost = 0;
        foreach (var task in tasks)
        {
            var failure = await Catch(task);
            if (failure is null)
            {
                task.Result.Should().NotBe(dead);
            }
            else
            {
                failure.Should().BeOfType<SiloLostException>().Which.Work.Should().Contain(nameof(Work));
                lost++;
            }
        }

        lost.Should().BeInRange(1, 15);
        executor.Statistics.Lost.Should().Be(lost);
        (await executor.Retry().Run(static () => 1)).Should().Be(1);
    });

    [Fact]
    public void Under_Retry_a_silo_that_dies_loses_nothing_and_work_sees_one_key() => WithCluster(async (cluster, executor) =>
    {
        var tasks = Enumerable.Range(0, 16).Select(i => Loop.CreateTask(executor.Retry(8).Run(
            static (int number) =>
            {
                Begun.GetOrAdd(ClusterWork.IdempotencyKey!, static _ => []).Add((ClusterWork.Silo!, ClusterWork.Attempt));
                Thread.Sleep(500);
                return (number, ClusterWork.Attempt);
            },
            i))).ToList();
        await Loop.Sleep(300);
        await Kill(cluster, cluster.Silos[1].SiloAddress.ToString());
        var results = await Loop.Gather(tasks.Select(static task => task.AsCoroutine()));
        results.Select(static result => result.number).Should().Equal(Enumerable.Range(0, 16));
        results.Should().Contain(static result => result.Attempt > 1);
        executor.Statistics.Retried.Should().BeGreaterThan(0);
    });

    private static readonly ManualResetEventSlim Gate = new();

    private static int QuickUnlessKept((int Number, string? Key) argument)
    {
        if (argument.Key is { } key)
        {
            Begun.GetOrAdd(key, static _ => []).Add((ClusterWork.Silo!, ClusterWork.Attempt));
            Gate.Wait(TimeSpan.FromSeconds(60));
        }

        return argument.Number;
    }

    [Fact]
    public void Of_quick_work_that_travelled_together_a_silo_that_dies_fails_what_it_had_and_Retry_loses_none() => WithCluster(async (cluster, executor) =>
    {
        Gate.Reset();
        for (int i = 0; i < 40; i++)
        {
            await executor.Run(QuickUnlessKept, (i, (string?)null));
        }

        string once = Guid.NewGuid().ToString(), again = Guid.NewGuid().ToString();
        var tasks = Enumerable.Range(0, 28).Select(i => Loop.CreateTask(executor.Run(QuickUnlessKept, (i, (string?)null)))).ToList();
        var kept = Loop.CreateTask(executor.Run(QuickUnlessKept, (28, (string?)once)));
        var retried = Loop.CreateTask(executor.Retry(8).Run(QuickUnlessKept, (29, (string?)again)));
        for (int i = 0; i < tasks.Count; i++)
        {
            (await tasks[i]).Should().Be(i);
        }

        while (!Begun.ContainsKey(once) || !Begun.ContainsKey(again))
        {
            await Loop.Sleep(10);
        }

        string dead = Begun[once].Single().Silo;
        bool wasThere = Begun[again].Single().Silo == dead;
        await Kill(cluster, dead);
        Gate.Set();
        (await Catch(kept)).Should().BeOfType<SiloLostException>();
        (await retried).Should().Be(29);
        executor.Statistics.Lost.Should().BeGreaterThanOrEqualTo(wasThere ? 2 : 1);
        Begun[again].Should().HaveCountGreaterThanOrEqualTo(wasThere ? 2 : 1);
    });

    [Fact]
    public void A_silo_that_died_before_the_first_call_costs_retries_only() => WithCluster(async (cluster, executor) =>
    {
        await Kill(cluster, cluster.Silos[1].SiloAddress.ToString());
        var results = await Loop.Gather(Enumerable.Range(0, 32).Select(i => executor.Retry(8).Run(static (int x) => x, i)));
        results.Should().Equal(Enumerable.Range(0, 32));
    });

    [Fact]
    public void A_silo_that_joins_later_gets_its_share() => WithCluster(async (cluster, executor) =>
    {
        (await executor.Run(static () => 1)).Should().Be(1);
        string joined = (await cluster.StartAdditionalSiloAsync()).SiloAddress.ToString();
        while (!(await Loop.Gather(Enumerable.Range(0, 16).Select(_ => executor.Run(static () => ClusterWork.Silo)))).Contains(joined))
        {
            await Loop.Sleep(50);
        }
    });

    [Fact]
    public void Long_work_on_a_silo_that_dies_is_lost_and_said_so() => WithCluster(async (cluster, executor) =>
    {
        string key = Guid.NewGuid().ToString();
        var task = Loop.CreateTask(executor.Run(
            static (string key) =>
            {
                Begun.GetOrAdd(key, static _ => []).Add((ClusterWork.Silo!, 1));
                Thread.Sleep(30_000);
                return 0;
            },
            key));
        await Loop.Sleep(3500);      // by now it has a ticket
        await Kill(cluster, Begun[key].Single().Silo);
        (await Catch(task)).Should().BeOfType<SiloLostException>();
    });

    private static int UntilCancelled(string key, WorkerContext context)
    {
        Begun.GetOrAdd(key, static _ => []);
        context.CancellationToken.WaitHandle.WaitOne(TimeSpan.FromSeconds(80));
        Begun[key].Add((ClusterWork.Silo!, context.CancellationToken.IsCancellationRequested ? 1 : 0));
        return 0;
    }

    [Fact]
    public void Work_whose_caller_has_died_is_cancelled_when_nobody_asks_for_it() => Loop.Run(
        async Coroutine () =>
        {
            await using var cluster = Cluster.Build(1, abandonedAfter: TimeSpan.FromSeconds(0.5));
            await cluster.DeployAsync();
            string key = Guid.NewGuid().ToString();
            var argument = new ArrayBufferWriter<byte>();
            WorkValues.Write(key, argument, new JsonWorkSerializer());

            // What an executor sends before its process ends.
            var reply = await cluster.Client.GetGrain<IWorkerGrain>(Guid.NewGuid()).Run(
                new WorkRequest
                {
                    Function = Guid.NewGuid(),
                    Name = WorkFunctionName.Of(WorkName.Of((Func<string, WorkerContext, int>)UntilCancelled)),
                    Argument = argument.WrittenMemory,
                },
                CancellationToken.None);
            reply.Kind.Should().Be(WorkReplyKind.Running);
            await Loop.WaitFor(
                async Coroutine () =>
                {
                    while (!Begun.TryGetValue(key, out var ended) || ended.IsEmpty)
                    {
                        await Loop.Sleep(10);
                    }
                },
                TimeSpan.FromSeconds(60));
            Begun[key].Single().Attempt.Should().Be(1, "its token has fired");
        },
        new LoopOptions { HandleInterrupt = false });

    // ---- A client that stops

    private static async Coroutine<ClusterExecutor> Warm(ClusterExecutor executor)
    {
        for (int i = 0; i < 40; i++)
        {
            await executor.Run(QuickUnlessKept, (i, (string?)null));
        }

        return executor;
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static IHost NewHost(Action<HostApplicationBuilder> configure)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.None);
        configure(builder);
        return builder.Build();
    }

    [Fact]
    public void What_is_under_way_when_the_host_of_the_client_stops_is_lost_and_the_executor_ends() => RunLoop(async () =>
    {
        Gate.Reset();
        int gateway = FreePort();
        using var silo = NewHost(builder => builder.UseOrleans(
            silo => silo.UseLocalhostClustering(FreePort(), gateway).AddEventLoopWorkers(static options => options.Workers = 3)));
        using var client = NewHost(builder => builder.UseOrleansClient(client => client.UseLocalhostClustering(gateway).UseClusterExecutor()));
        await silo.StartAsync();
        await client.StartAsync();
        string[] keys = [.. Enumerable.Range(0, 3).Select(static _ => Guid.NewGuid().ToString())];
        var executor = await Warm(new ClusterExecutor(client.Services.GetRequiredService<IClusterClient>(), new ClusterExecutorOptions { MaxInFlight = 3 }));
        List<LoopTask<int>> tasks =
        [
            Loop.CreateTask(executor.Run(static (string key) => QuickUnlessKept((1, key)), keys[0])),      // alone
            Loop.CreateTask(executor.Run(QuickUnlessKept, (2, (string?)keys[1]))),                         // these two together
            Loop.CreateTask(executor.Retry().Run(QuickUnlessKept, (3, (string?)keys[2]))),
        ];
        while (!keys.All(Begun.ContainsKey))
        {
            await Loop.Sleep(1);
        }

        var behind = Loop.CreateTask(executor.Run(QuickUnlessKept, (4, (string?)null)));
        while (executor.Statistics.Waiting == 0)
        {
            await Loop.Yield();
        }

        await client.StopAsync();
        await Loop.WaitFor(executor.DisposeAsync().AsTask(), TimeSpan.FromSeconds(20));
        foreach (var task in tasks)
        {
            (await Catch(task)).Should().BeOfType<SiloLostException>();
        }

        (await Catch(behind)).Should().NotBeNull();
        Gate.Set();
        await silo.StopAsync();
    });

    [Fact]
    public void A_loop_that_waits_for_the_end_of_its_executor_does_not_keep_what_it_has_not_sent_yet() => WithCluster(async (cluster, _) =>
    {
        var executor = await Warm(new ClusterExecutor(cluster.Client));
        var quick = Loop.CreateTask(executor.Run(QuickUnlessKept, (7, (string?)null)));
        var end = Loop.CreateTask(async () => executor.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(20)));      // in the same turn
        (await end).Should().BeTrue();
        (await quick).Should().Be(7);
    });

    // ---- Without a cluster

    private static void RunLoop(Func<Coroutine> main) =>
        Loop.Run(async Coroutine () => await Loop.WaitFor(main(), TimeSpan.FromSeconds(60)), new LoopOptions { HandleInterrupt = false });

    private static async Coroutine<Exception?> Failure(Task task)
    {
        try
        {
            await task;
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private static async Task<WorkReply> UntilCancelled(CancellationToken token, Func<Exception> failure)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        throw failure();
    }

    // The first ways to silos, which are asked at the same time.
    private static async Coroutine<int> AllDescribed(FakeDoor door)
    {
        while (door.Described < 8)
        {
            await Loop.Sleep(1);
        }

        return door.Described;
    }

    [Fact]
    public void Where_Orleans_knows_no_silo_yet_work_is_lost_and_Retry_waits_for_one() => RunLoop(async () =>
    {
        int asked = 0;
        var door = new FakeDoor(static (_, _) => Task.FromResult(new WorkReply()));
        var calls = new ClusterCalls(
            FakeGrains.Of(_ => asked++ < 2 ? throw new ArgumentException("Could not find an implementation") : door), new ClusterExecutorOptions());
        (await Failure(calls.Run())).Should().BeOfType<SiloLostException>().Which.InnerException.Should().BeOfType<OrleansException>();
        await calls.Run(new WorkRetry(3, null));
        calls.Statistics.Lost.Should().Be(2);
        calls.Statistics.Retried.Should().Be(1);
        calls.Statistics.Completed.Should().Be(1);
    });

    [Fact]
    public void A_cancellation_while_the_silo_is_lost_is_a_cancellation_and_the_silo_is_asked_whether_it_is_there() => RunLoop(async () =>
    {
        foreach (var failure in (Func<Exception>[])[static () => new TimeoutException(), static () => new OrleansException()])
        {
            var begun = new TaskCompletionSource();
            var door = new FakeDoor((_, token) =>
            {
                begun.SetResult();
                return UntilCancelled(token, failure);
            });
            var calls = new ClusterCalls(FakeGrains.Of(door), new ClusterExecutorOptions());
            using var cancellation = new CancellationTokenSource();
            var run = calls.Run(new WorkRetry(3, null), cancellation.Token);
            await begun.Task;
            int before = await AllDescribed(door);
            cancellation.Cancel();
            (await Failure(run)).Should().BeAssignableTo<OperationCanceledException>();
            calls.Statistics.Canceled.Should().Be(1);
            calls.Statistics.Retried.Should().Be(0);
            while (door.Described == before)
            {
                await Loop.Sleep(1);
            }
        }
    });

    [Fact]
    public void A_cancellation_between_two_attempts_counts_and_an_attempt_that_was_not_made_does_not() => RunLoop(async () =>
    {
        using var cancellation = new CancellationTokenSource();
        var calls = new ClusterCalls(FakeGrains.Of(new FakeDoor(static (_, _) => throw new TimeoutException())), new ClusterExecutorOptions());
        var run = calls.Run(new WorkRetry(100, null), cancellation.Token);
        while (calls.Statistics.Lost < 3)
        {
            await Loop.Sleep(1);
        }

        cancellation.Cancel();
        (await Failure(run)).Should().BeAssignableTo<OperationCanceledException>();
        calls.Statistics.Lost.Should().BeGreaterThanOrEqualTo(3);
        calls.Statistics.Retried.Should().Be(calls.Statistics.Lost - 1);
        calls.Statistics.Canceled.Should().Be(1);
    });

    [Fact]
    public void Long_work_that_its_silo_has_forgotten_when_it_is_cancelled_is_cancelled_and_not_lost() => RunLoop(async () =>
    {
        // As a client that does not wait for acknowledgements sees it: the wait ends at once, and the work before it is asked for again.
        using var cancellation = new CancellationTokenSource();
        var waits = new TaskCompletionSource();
        var door = new FakeDoor(static (_, _) => Task.FromResult(new WorkReply { Kind = WorkReplyKind.Running }));
        var ticket = new FakeTicket(
            static () => Task.CompletedTask,
            async token =>
            {
                waits.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, token);
                return WorkReply.Lost;
            },
            static () => Task.FromResult(WorkReply.Lost));
        var calls = new ClusterCalls(FakeGrains.Of(door, ticket), new ClusterExecutorOptions());
        var run = calls.Run(token: cancellation.Token);
        await waits.Task;
        int before = await AllDescribed(door);
        cancellation.Cancel();
        (await Failure(run)).Should().BeAssignableTo<OperationCanceledException>();
        calls.Statistics.Canceled.Should().Be(1);
        calls.Statistics.Lost.Should().Be(0);
        await Task.Delay(100);      // a suspicion would ask on the pool
        door.Described.Should().Be(before, "the silo is not suspected");
    });
}
