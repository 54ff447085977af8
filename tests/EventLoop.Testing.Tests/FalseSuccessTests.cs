namespace EventLoop.Testing.Tests;

/// <summary>What looks like a success and is none: work and failures of plain <c>async Task</c> code, and explorations that explored nothing.</summary>
public class FalseSuccessTests
{
    [Fact]
    public void An_async_Task_that_fails_and_that_nobody_awaits_fails_the_test()
    {
        var run = () => TestLoop.Run(async () =>
        {
            _ = FailsLater("lost");
            await Loop.Sleep(5000);
        });
        run.Should().Throw<TestLoopException>().WithMessage("*nobody awaited the task*FormatException*lost*").WithInnerException<FormatException>();
    }

    [Fact]
    public void A_coroutine_whose_AsTask_fails_and_that_nobody_awaits_fails_the_test()
    {
        var run = () => TestLoop.Run(async () =>
        {
            _ = Fails().AsTask();
            await Loop.Sleep(5000);
        });
        run.Should().Throw<TestLoopException>().WithInnerException<FormatException>();

        static async Coroutine Fails()
        {
            await Loop.Sleep(1);
            throw new FormatException("lost");
        }
    }

    [Fact]
    public void An_async_Task_that_fails_after_the_test_was_done_is_no_ones()
    {
        TestLoop.Run(async () =>
        {
            _ = Cleanup();
            await Loop.Yield();
        }, new TestLoopOptions { AllowRunningTasks = true });

        static async Task Cleanup() => await Loop.Sleep(1);
    }

    [Fact]
    public void A_failure_of_an_async_Task_that_is_awaited_later_is_not_lost() => TestLoop.Run(async () =>
    {
        var task = FailsLater("seen");
        await Loop.Sleep(5000);
        var wait = async () => await task;
        await wait.Should().ThrowAsync<FormatException>();
    });

    [Fact]
    public void A_failure_in_another_test_on_another_thread_is_not_this_tests()
    {
        using var thrown = new ManualResetEventSlim();
        var other = new Thread(() =>
        {
            var run = () => TestLoop.Run(async () =>
            {
                _ = FailsLater("theirs");
                await Loop.Sleep(5000);
            });
            run.Should().Throw<TestLoopException>();
            thrown.Set();
        });
        TestLoop.Run(async () =>
        {
            other.Start();
            await TestLoop.HoldTime(Task.Run(() => thrown.Wait(TimeSpan.FromSeconds(30))));
            Action own = static () => throw new NotSupportedException("caught");
            own.Should().Throw<NotSupportedException>();
        });
        other.Join();
    }

    [Fact]
    public void An_async_Task_that_still_waits_at_the_end_fails_the_test()
    {
        var run = () => TestLoop.Run(async () =>
        {
            _ = Waits();
            await Loop.Yield();
        });
        run.Should().Throw<TestLoopException>().WithMessage("*async Task method*still running*task 'test'*sleep*");
    }

    [Fact]
    public void An_async_Task_that_outlives_the_task_that_called_it_is_found()
    {
        var run = () => TestLoop.Run(async () =>
        {
            await Loop.CreateTask(Child, "child");
            await Loop.Sleep(1000);
        });
        run.Should().Throw<TestLoopException>().WithMessage("*task 'child', which has ended, waits on sleep*");

        static async Coroutine Child()
        {
            _ = Waits();
            await Loop.Yield();
        }
    }

    [Fact]
    public void An_async_Task_that_outlives_its_task_and_ends_in_time_is_all_right() => TestLoop.Run(async () =>
    {
        await Loop.CreateTask(async Coroutine () =>
        {
            _ = Short();
            await Loop.Yield();
        });
        await Loop.Sleep(1000);

        static async Task Short() => await Loop.Sleep(10);
    });

    [Fact]
    public void A_scenario_that_takes_another_path_when_it_is_repeated_is_no_success()
    {
        string? cache = null;
        var explore = () => TestLoop.CancelAtEveryWait(async () =>
        {
            if (cache is null)
            {
                await Loop.Sleep(10);
                await Loop.Sleep(10);
                cache = "loaded";
            }
        });
        explore.Should().Throw<ExplorationException>().WithMessage("*not repeatable*2 waits*wait 0*had 0*").Which.Wait.Should().Be(0);
    }

    [Fact]
    public void A_scenario_that_can_fail_at_fewer_waits_when_it_is_repeated_is_no_success()
    {
        int runs = 0;
        var explore = () => TestLoop.FailAtEveryWait(
            async () =>
            {
                for (int i = runs++; i < 3; i++)
                {
                    await Loop.Sleep(10);
                }
            },
            static () => new IOException("fault"));
        explore.Should().Throw<ExplorationException>().WithMessage("*not repeatable*");
    }

    private static async Task FailsLater(string message)
    {
        await Loop.Sleep(1);
        throw new FormatException(message);
    }

    private static async Task Waits() => await Loop.Sleep(TimeSpan.FromHours(1));
}
