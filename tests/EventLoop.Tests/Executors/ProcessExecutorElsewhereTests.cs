using EventLoop.Tests.Processes;
using static EventLoop.Tests.Processes.SubprocessTests;

namespace EventLoop.Tests.Executors;

/// <summary>Work with progress that another loop than the pool's awaits.</summary>
public sealed class ProcessExecutorElsewhereTests : ProcessTest
{
    private const int Many = 1000;

    private static int Count(int count, WorkerContext<int> context)
    {
        for (int i = 0; i < count; i++)
        {
            context.Report(i);
        }

        return count;
    }

    private static Task<T> OnAnotherLoop<T>(Func<Coroutine<T>> main) => Task.Factory.StartNew(() => Loop.Run(main), TaskCreationOptions.LongRunning);

    [Fact]
    public void All_reports_come_to_another_loop_in_order_and_before_the_result() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        var seen = new List<int>();
        int seenBefore = await OnAnotherLoop(async Coroutine<int> () =>
        {
            await pool.Run(Count, Many, (int number) =>
            {
                seen.Add(number);
                if (number == 0)
                {
                    Thread.Sleep(100);      // meanwhile the pool reads the result
                }
            });
            return seen.Count;
        });
        seen.Should().Equal(Enumerable.Range(0, Many));
        seenBefore.Should().Be(Many);
    });

    private static int CountAndFail(int count, WorkerContext<int> context) => throw new NotSupportedException($"{Count(count, context)}");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_callback_on_another_loop_that_throws_when_the_outcome_is_there_fails_Run_and_is_called_no_more(bool workFails) => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        Func<int, WorkerContext<int>, int> work = workFails ? CountAndFail : Count;
        int called = 0;
        var thrown = await OnAnotherLoop(async Coroutine<Exception?> () =>
        {
            try
            {
                await pool.Run(work, Many, (int number) =>
                {
                    called++;
                    if (number == 0)
                    {
                        Thread.Sleep(100);      // meanwhile the pool reads the outcome
                    }

                    if (number == 500)
                    {
                        throw new InvalidDataException("late");
                    }
                });
                return null;
            }
            catch (Exception failure)
            {
                return failure;
            }
        });
        thrown.Should().BeOfType<InvalidDataException>();
        called.Should().Be(501);
        (await pool.Run(static x => x, 1)).Should().Be(1);
    });

    [Fact]
    public void What_work_on_another_loop_reports_before_it_fails_comes_before_its_failure() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        var seen = new List<int>();
        var (thrown, seenBefore) = await OnAnotherLoop(async Coroutine<(Exception?, int)> () =>
        {
            try
            {
                await pool.Run(CountAndFail, Many, (int number) =>
                {
                    seen.Add(number);
                    if (number == 0)
                    {
                        Thread.Sleep(100);
                    }
                });
                return (null, seen.Count);
            }
            catch (Exception failure)
            {
                return (failure, seen.Count);
            }
        });
        thrown.Should().BeOfType<NotSupportedException>();
        seen.Should().Equal(Enumerable.Range(0, Many));
        seenBefore.Should().Be(Many);
    });

    private static int CountUntilCancelled(int count, WorkerContext<int> context)
    {
        while (!context.CancellationToken.IsCancellationRequested)
        {
            context.Report(count++);
        }

        return count;
    }

    [Fact]
    public void A_waiter_on_another_loop_that_was_cancelled_hears_no_more() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        int called = 0;
        int calledBefore = await OnAnotherLoop(async Coroutine<int> () =>
        {
            LoopTask? run = null;
            run = Loop.CreateTask(pool.Run(CountUntilCancelled, 0, (int _) =>
            {
                if (called++ == 0)
                {
                    Thread.Sleep(100);
                    run!.Cancel();
                }
            }));
            await Loop.Wait([run]);
            run.IsCanceled.Should().BeTrue();
            int before = called;
            await Loop.Sleep(50);
            return before;
        });
        called.Should().Be(calledBefore);
    });
}
