using System.Diagnostics;

namespace EventLoop.Testing.Tests;

public class TestLoopTests
{
    [Fact]
    public void A_run_gives_the_result_of_the_test() => TestLoop.Run(async () =>
    {
        await Loop.Sleep(1000);
        return 42;
    }).Should().Be(42);

    [Fact]
    public void A_test_that_fails_fails_with_its_own_exception()
    {
        var run = () => TestLoop.Run(async () =>
        {
            await Loop.Sleep(1000);
            throw new FormatException("mine");
        });
        run.Should().Throw<FormatException>().WithMessage("mine");
    }

    [Fact]
    public void Tasks_that_still_run_at_the_end_are_named()
    {
        var run = () => TestLoop.Run(async () =>
        {
            _ = Loop.CreateTask(Loop.Sleep(TimeSpan.FromHours(1)), "janitor");
            await Loop.Yield();
        });
        run.Should().Throw<TestLoopException>().WithMessage("*still running*'janitor'*sleep*created by task 'test'*");
    }

    [Fact]
    public void Tasks_that_still_run_at_the_end_may_be_allowed() => TestLoop.Run(
        async () =>
        {
            _ = Loop.CreateTask(Loop.Sleep(TimeSpan.FromHours(1)), "janitor");
            await Loop.Yield();
        },
        new TestLoopOptions { AllowRunningTasks = true });

    [Fact]
    public void A_task_that_was_cancelled_needs_not_be_awaited() => TestLoop.Run(async () =>
    {
        var janitor = Loop.CreateTask(Loop.Sleep(TimeSpan.FromHours(1)), "janitor");
        await Loop.Yield();
        janitor.Cancel();
    });

    [Fact]
    public void A_failure_that_nobody_looks_at_fails_the_test()
    {
        var run = () => TestLoop.Run(async () =>
        {
            _ = Loop.CreateTask(async Coroutine () =>
            {
                await Loop.Yield();
                throw new FormatException("lost");
            });
            await Loop.Sleep(1);
        });
        run.Should().Throw<TestLoopException>().WithMessage("*never retrieved*lost*").WithInnerException<FormatException>();
    }

    [Fact]
    public void An_exception_in_a_callback_fails_the_test()
    {
        var run = () => TestLoop.Run(async () =>
        {
            Loop.Current.CallSoon(() => throw new FormatException("in a callback"));
            await Loop.Sleep(1);
        });
        run.Should().Throw<TestLoopException>().WithMessage("*in a callback*");
    }

    [Fact]
    public void A_coroutine_that_is_never_awaited_fails_the_test()
    {
        var run = () => TestLoop.Run(async () =>
        {
            _ = Forgotten();
            await Loop.Yield();
        });
        run.Should().Throw<TestLoopException>().WithMessage("*Forgotten was never awaited*");

        static async Coroutine Forgotten() => await Loop.Yield();
    }

    [Fact]
    public void Blocking_the_loops_thread_fails_the_test_even_when_that_is_swallowed()
    {
        var run = () => TestLoop.Run(async () =>
        {
            await Loop.Yield();
            try
            {
                new TaskCompletionSource().Task.Wait(1000);
            }
            catch (InvalidOperationException)
            {
            }
        });
        run.Should().Throw<TestLoopException>().WithMessage("*task 'test' tried to block the loop's thread*");
    }

    [Fact]
    public void A_test_that_does_not_end_is_given_up_with_a_report()
    {
        var run = () => TestLoop.Run(
            async () => await new TaskCompletionSource().Task,
            new TestLoopOptions { Timeout = TimeSpan.FromMilliseconds(100) });
        run.Should().Throw<TestLoopException>().WithMessage("*did not end within 0.1 s*task 'test' waits on Task*");
    }

    [Fact]
    public void A_test_may_take_any_time() =>
        TestLoop.Run(async () => await Loop.Yield(), new TestLoopOptions { Timeout = TimeSpan.MaxValue });

    [Fact]
    public void Real_time_may_be_asked_for()
    {
        var real = Stopwatch.StartNew();
        TestLoop.Run(async () => await Loop.Sleep(30), new TestLoopOptions { RealTime = true });
        real.Elapsed.Should().BeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(29));
    }

    [Fact]
    public void Idle_is_when_every_other_task_waits_and_time_has_not_moved() => TestLoop.Run(async () =>
    {
        int steps = 0;
        var worker = Loop.CreateTask(async () =>
        {
            for (; steps < 10; steps++)
            {
                await Loop.Yield();
            }

            await Loop.ToThread(() => { });
            steps++;
            await Loop.Sleep(1000);
            steps++;
        });
        await Loop.WaitUntilIdle();
        steps.Should().Be(11);
        Loop.Current.Time.Should().Be(TimeSpan.Zero);
        await worker;
        await TestLoop.WaitUntilIdle();
        steps.Should().Be(12);
    });

    [Fact]
    public void Cleanup_that_sleeps_ends_before_the_run_does()
    {
        bool cleaned = false;
        TestLoop.Run(
            async () =>
            {
                _ = Loop.CreateTask(async () =>
                {
                    try
                    {
                        await Loop.Sleep(TimeSpan.FromDays(1));
                    }
                    finally
                    {
                        await Loop.Sleep(TimeSpan.FromHours(1));
                        cleaned = true;
                    }
                });
                await Loop.Yield();
            },
            new TestLoopOptions { AllowRunningTasks = true });
        cleaned.Should().BeTrue();
    }
}
