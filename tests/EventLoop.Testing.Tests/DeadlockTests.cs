namespace EventLoop.Testing.Tests;

public class DeadlockTests
{
    [Fact]
    public void When_nothing_can_ever_run_again_the_report_names_every_task_and_its_wait()
    {
        var run = () => TestLoop.Run(async () =>
        {
            var never = new LoopFuture();
            await Loop.Sleep(1500);
            await Loop.CreateTask(Reader(never), "reader");
        });
        string report = run.Should().Throw<LoopDeadlockException>().Which.Message;
        report.Should().Contain("task 'test' waits on task 'reader' since 1.5 s");
        report.Should().Contain("task 'reader' waits on future since 1.5 s, in DeadlockTests.Reader");
        report.Should().Contain("created by task 'test'");
        report.Should().Contain("awaited by task 'test'");

        static async Coroutine Reader(LoopFuture future) => await future;
    }

    [Fact]
    public void A_sleep_without_end_is_a_deadlock_in_a_test()
    {
        var run = () => TestLoop.Run(async () => await Loop.Sleep(Timeout.InfiniteTimeSpan));
        run.Should().Throw<LoopDeadlockException>().WithMessage("*sleep (forever)*");
    }

    [Fact]
    public void Foreign_work_that_comes_back_is_no_deadlock() => TestLoop.Run(async () =>
    {
        await Task.Run(() => Thread.Sleep(120));
        await Task.Run(() => Thread.Sleep(120)).OnLoop();
        await Loop.ToThread(() => Thread.Sleep(120));
    });

    [Fact]
    public void A_post_from_another_thread_is_no_deadlock() => TestLoop.Run(async () =>
    {
        var future = new LoopFuture();
        var loop = Loop.Current;
        ThreadPool.QueueUserWorkItem(_ => loop.Post(() => future.SetResult()));
        await future;
    });

    [Fact]
    public void Tasks_are_cancelled_and_cleaned_up_after_a_deadlock()
    {
        bool cleaned = false;
        var run = () => TestLoop.Run(async () =>
        {
            try
            {
                await new LoopFuture();
            }
            finally
            {
                cleaned = true;
            }
        });
        run.Should().Throw<LoopDeadlockException>();
        cleaned.Should().BeTrue();
    }
}
