using EventLoop.Executors.Work;
using EventLoop.Orleans.Grains;
using EventLoop.Orleans.Workers;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace EventLoop.Orleans.Tests;

/// <summary>Work that fails after reports or wants to end the program, callbacks that throw, and a stop in the middle of it.</summary>
[Collection(ClusterTests.Name)]
public sealed class BadLuckTests(Cluster cluster)
{
    private ClusterExecutor New(ClusterExecutorOptions? options = null) => new(cluster.Client, options);

    private static void RunLoop(Func<Coroutine> main) =>
        Loop.Run(async Coroutine () => await Loop.WaitFor(main(), TimeSpan.FromSeconds(60)), new LoopOptions { HandleInterrupt = false });

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

    private static int Twice(int number) => number * 2;

    private static int Block(TimeSpan time)
    {
        Thread.Sleep(time);
        return 0;
    }

    // ---- Progress

    [Fact]
    public void What_work_reports_before_it_fails_comes_before_its_failure() => RunLoop(async () =>
    {
        for (int round = 0; round < 20; round++)
        {
            var seen = new List<int>();
            bool isOver = false, isLate = false;
            var failure = await Catch(Loop.CreateTask(New().Run(
                static (int count, WorkerContext<int> context) =>
                {
                    for (int i = 0; i < count; i++)
                    {
                        context.Report(i);
                    }

                    return count > 0 ? throw new InvalidDataException("after the reports") : count;
                },
                15,
                (int progress) =>
                {
                    isLate |= isOver;
                    seen.Add(progress);
                })));
            isOver = true;
            failure.Should().BeOfType<InvalidDataException>();
            seen.Should().Equal(Enumerable.Range(0, 15));
            await Loop.Sleep(5);
            isLate.Should().BeFalse();
        }
    });

    [Fact]
    public void No_report_comes_after_Run_has_ended() => RunLoop(async () =>
    {
        int late = 0;
        for (int round = 0; round < 10; round++)
        {
            bool isOver = false;
            var executor = New(new ClusterExecutorOptions { TaskTimeout = TimeSpan.FromSeconds(0.1) });
            (await Catch(Loop.CreateTask(executor.Run(
                static (TimeSpan time, WorkerContext<int> context) =>
                {
                    for (long end = Environment.TickCount64 + (long)time.TotalMilliseconds; Environment.TickCount64 < end;)
                    {
                        context.Report(0);      // however often it was cancelled
                    }

                    return 0;
                },
                TimeSpan.FromSeconds(0.3),
                (int _) => late += isOver ? 1 : 0)))).Should().BeOfType<TimeoutException>();
            isOver = true;
            await Loop.Sleep(20);
        }

        late.Should().Be(0);
    });

    [Fact]
    public void What_a_progress_callback_throws_counts_more_than_the_failure_of_the_cancelled_work_and_keeps_its_stack() => RunLoop(async () =>
    {
        var failure = await Catch(Loop.CreateTask(New().Run(
            static (int number, WorkerContext<int> context) =>
            {
                context.Report(number);
                return context.CancellationToken.WaitHandle.WaitOne(TimeSpan.FromSeconds(20)) ? throw new InvalidOperationException("cancelled") : number;
            },
            1,
            (int progress) => ThrowFromCallback(progress))));
        failure.Should().BeOfType<InvalidDataException>().Which.StackTrace.Should().Contain(nameof(ThrowFromCallback));
    });

    private static void ThrowFromCallback(int progress) => throw new InvalidDataException($"{progress}");

    // ---- Exits

    [Fact]
    public void A_task_that_work_leaves_behind_ends_neither_the_process_nor_the_loop_of_the_silo() => RunLoop(async () =>
    {
        var executor = New();
        for (int i = 0; i < 4; i++)      // both silos
        {
            await executor.Run(static async Coroutine () =>
            {
                _ = Loop.CreateTask(ExitLater());
                await Loop.Yield();
            });
            await executor.Run(static async Coroutine () =>
            {
                Loop.Current.Stop();
                await Loop.Yield();
            });
        }

        await Loop.Sleep(100);
        (await Loop.Gather(Enumerable.Range(0, 8).Select(i => executor.Run(
            static async Coroutine<int> (int number) =>
            {
                await Loop.Sleep(1);
                return number;
            },
            i)))).Should().Equal(Enumerable.Range(0, 8));
    });

    private static async Coroutine ExitLater()
    {
        await Loop.Sleep(20);
        throw new LoopExitException(4);
    }

    [Fact]
    public void A_loop_of_a_silo_ends_also_where_cleanup_code_asks_for_an_exit_or_it_could_not_be_made()
    {
        using (var loop = new SiloLoop(new LoopOptions()))
        {
            loop.Submit(
                static async Coroutine () =>
                {
                    _ = Loop.CreateTask(ExitAtEnd());
                    await Loop.Yield();
                },
                CancellationToken.None).Wait(TimeSpan.FromSeconds(20)).Should().BeTrue();
        }

        using var none = new SiloLoop(new LoopOptions { TimeProvider = new NoTime() });
        Action submit = () => none.Submit(static async Coroutine () => await Loop.Yield(), CancellationToken.None);
        submit.Should().Throw<NotSupportedException>();
    }

    private static async Coroutine ExitAtEnd()
    {
        try
        {
            await Loop.Sleep(TimeSpan.FromHours(1));
        }
        finally
        {
            throw new LoopExitException(5);
        }
    }

    private sealed class NoTime : TimeProvider
    {
        public override long TimestampFrequency => throw new NotSupportedException();

        public override long GetTimestamp() => throw new NotSupportedException();
    }

    // ---- The end

    [Fact]
    public void A_stop_lets_work_that_waits_for_room_run_as_well() => RunLoop(async () =>
    {
        var executor = New(new ClusterExecutorOptions { MaxInFlight = 1 });
        var running = Loop.CreateTask(executor.Run(Block, TimeSpan.FromMilliseconds(200)));
        var behind = Loop.CreateTask(executor.Run(Twice, 1));
        while (executor.Statistics.Waiting == 0)
        {
            await Loop.Yield();
        }

        (await executor.StopAsync()).Should().Be(0);
        (await running).Should().Be(0);
        (await behind).Should().Be(2);
        (await Catch(Loop.CreateTask(executor.Run(Twice, 1)))).Should().BeOfType<ObjectDisposedException>();
    });

    [Fact]
    public void A_stop_whose_time_is_over_cancels_what_waits_for_room() => RunLoop(async () =>
    {
        var executor = New(new ClusterExecutorOptions { MaxInFlight = 1, CancelGrace = TimeSpan.FromSeconds(0.1) });
        var tasks = Enumerable.Range(0, 3).Select(_ => Loop.CreateTask(executor.Run(Block, TimeSpan.FromSeconds(3)))).ToList();
        while (executor.Statistics.Waiting < 2)
        {
            await Loop.Yield();
        }

        (await executor.StopAsync(TimeSpan.FromSeconds(0.2))).Should().Be(3);
        foreach (var task in tasks)
        {
            (await Catch(task)).Should().BeAssignableTo<OperationCanceledException>();
        }

        executor.Statistics.Canceled.Should().Be(3);
    });

    // ---- Work that blocks a loop

    private static readonly ManualResetEventSlim Gate = new();

    private static async Coroutine<int> BlockTheLoop(int number)
    {
        Gate.Wait(TimeSpan.FromSeconds(100));      // no await: the loop stands still
        return number;
    }

    private static async Coroutine<int> Quickly(int number)
    {
        await Loop.Yield();
        return number;
    }

    [Fact]
    public void Asynchronous_work_that_blocks_its_loop_is_given_up_and_keeps_neither_later_work_nor_the_end_of_the_silo() => Loop.Run(
        async Coroutine () =>
        {
            Gate.Reset();
            var silos = Cluster.Build(1);
            await silos.DeployAsync();
            var options = new ClusterExecutorOptions { TaskTimeout = TimeSpan.FromSeconds(0.3), CancelGrace = TimeSpan.FromSeconds(0.2) };
            var executor = new ClusterExecutor(silos.Client, options);
            for (int round = 0; round < 2; round++)
            {
                (await Loop.WaitFor(executor.Run(Quickly, 1), TimeSpan.FromSeconds(20))).Should().Be(1);
                var blocking = Loop.CreateTask(executor.Run(BlockTheLoop, 2));
                (await Catch(blocking)).Should().BeOfType<TimeoutException>();
                var behind = Enumerable.Range(0, 8).Select(i => executor.Run(Quickly, i));
                (await Loop.WaitFor(Loop.Gather(behind), TimeSpan.FromSeconds(20))).Should().Equal(Enumerable.Range(0, 8));
            }

            await Loop.WaitFor(silos.DisposeAsync().AsTask(), TimeSpan.FromSeconds(40));
            Gate.Set();
        },
        new LoopOptions { HandleInterrupt = false });

    // ---- What is too large for a message

    private static byte[] Bytes(int number) => new byte[number];

    private static int Length(byte[] bytes) => bytes.Length;

    private static byte[] Same(byte[] bytes) => bytes;

    [Fact]
    public void What_is_too_large_for_a_message_fails_with_its_size_and_the_limit_and_many_travel_in_as_many_messages_as_they_need() => Loop.Run(
        async Coroutine () =>
        {
            const int limit = 1_000_000, much = 2_000_000, some = 100_000;
            await using var silos = Cluster.Build(1, messageSize: limit);
            await silos.DeployAsync();
            var executor = new ClusterExecutor(silos.Client);
            (await Catch(Loop.CreateTask(executor.Run(Length, new byte[much])))).Should().BeOfType<ArgumentException>().Which.Message.Should().Contain("200000").And
                .Contain($"{limit}").And.Contain("MaxMessageBodySize");
            (await Catch(Loop.CreateTask(executor.Run(Bytes, much)))).Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("200000").And
                .Contain($"{limit}").And.Contain("MaxMessageBodySize");
            (await Catch(Loop.CreateTask(executor.Run(
                static (int number, WorkerContext<byte[]> context) =>
                {
                    context.Report(new byte[number]);
                    return number;
                },
                much,
                static (byte[] _) => { })))).Should().BeOfType<InvalidOperationException>();
            for (int i = 0; i < 40; i++)
            {
                (await executor.Run(Same, new byte[1])).Should().HaveCount(1);      // quick ones, which travel together from now on
                (await executor.Run(Bytes, 1)).Should().HaveCount(1);
            }

            foreach (var many in (Func<int, Coroutine<byte[]>>[])[_ => executor.Run(Same, new byte[some]), _ => executor.Run(Bytes, some)])
            {
                (await Loop.Gather(Enumerable.Range(0, 64).Select(many))).Should().OnlyContain(static bytes => bytes.Length == some);
            }

            executor.Statistics.Lost.Should().Be(0);
        },
        new LoopOptions { HandleInterrupt = false });

    // ---- A silo without a cluster

    private sealed class OneSilo : ILocalSiloDetails
    {
        public string Name => "one";

        public string ClusterId => "one";

        public string DnsHostName => "localhost";

        public SiloAddress SiloAddress => SiloAddress.Zero;

        public SiloAddress GatewayAddress => SiloAddress.Zero;
    }

    private static SiloWorkers NewSilo(int workers = 2) =>
        new(Options.Create(new EventLoopWorkerOptions { Workers = workers }), Options.Create(new SiloMessagingOptions()), new OneSilo());

    private static WorkRequest RequestOf(Delegate work) =>
        new() { Function = Guid.NewGuid(), Name = WorkFunctionName.Of(WorkName.Of(work)), CancelGrace = TimeSpan.FromMinutes(1), Argument = new byte[4] };

    private static ITicketGrain NoTicket(Guid id) => throw new NotSupportedException();

    private static int run;

    [Fact]
    public async Task Work_that_is_cancelled_when_it_begins_is_either_withdrawn_or_run()
    {
        using var silo = NewSilo();
        var request = RequestOf((Func<int, int>)(static _ => Interlocked.Increment(ref run)));
        for (int round = 0; round < 2000; round++)
        {
            run = 0;
            using var cancellation = new CancellationTokenSource();
            var ended = silo.Run(request, cancellation.Token, NoTicket);
            Thread.SpinWait(round % 200);      // so that it meets the beginning now and then
            cancellation.Cancel();
            var reply = await ended.WaitAsync(TimeSpan.FromSeconds(30));
            (reply.Kind == WorkReplyKind.Result).Should().Be(Volatile.Read(ref run) == 1);
        }
    }

    [Fact]
    public async Task Where_no_ticket_can_be_opened_the_others_are_answered_and_it_gets_another_one_or_is_waited_for()
    {
        using var silo = NewSilo();
        Gate.Reset();
        var unknown = new WorkRequest { Function = Guid.NewGuid() };
        var slow = RequestOf((Func<int, int>)(static number => Gate.Wait(TimeSpan.FromSeconds(60)) ? number : -1));
        int opened = 0;
        var replies = await silo.RunMany(
            [unknown, slow],
            _ => new FakeTicket(
                () => ++opened == 1 ? throw new TimeoutException() : Task.CompletedTask,
                static _ => throw new NotSupportedException(),
                static () => throw new NotSupportedException()));
        replies.Select(static reply => reply.Kind).Should().Equal(WorkReplyKind.NeedsName, WorkReplyKind.Running);
        opened.Should().Be(2);
        silo.Find(replies[1].Ticket).Should().NotBeNull();

        var none = silo.RunMany([unknown, slow], static _ => throw new InvalidOperationException("no directory"));
        Gate.Set();
        (await none).Select(static reply => reply.Kind).Should().Equal(WorkReplyKind.NeedsName, WorkReplyKind.Result);
    }
}
