using EventLoop.Executors.Work;

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
}
