namespace EventLoop.Tests.Running;

public sealed class LoopRunnerTests : LoopTest
{
    [Fact]
    public void Several_runs_share_one_loop()
    {
        using var runner = new LoopRunner(Options);

        Loop first = runner.Run(async () => Loop.Current);
        Loop second = runner.Run(async () => Loop.Current);

        second.Should().BeSameAs(first).And.BeSameAs(runner.Loop);
    }

    [Fact]
    public void A_run_returns_the_value_of_main()
    {
        using var runner = new LoopRunner(Options);

        runner.Run(After(2, 6)).Should().Be(6);
    }

    [Fact]
    public void A_run_of_an_async_Task_method_returns_its_value()
    {
        using var runner = new LoopRunner(Options);

        runner.Run(Main).Should().Be(6);

        static async Task<int> Main()
        {
            await Loop.Yield();
            return 6;
        }
    }

    [Fact]
    public void A_failed_run_leaves_the_runner_usable()
    {
        using var runner = new LoopRunner(Options);

        Assert.Throws<InvalidDataException>(() => runner.Run(ThrowAfter(1, new InvalidDataException())));

        runner.Run(After(1, 1)).Should().Be(1);
    }

    [Fact]
    public void A_task_started_in_one_run_goes_on_in_the_next()
    {
        using var runner = new LoopRunner(Options);
        LoopTask<int> task = runner.Run(async () => Loop.CreateTask(After(10, 3)));

        runner.Run(async () => await task).Should().Be(3);
    }

    [Fact]
    public void Dispose_cancels_what_is_left_and_closes_the_loop()
    {
        var runner = new LoopRunner(Options);
        LoopTask task = runner.Run(async () => Loop.CreateTask(Forever()));
        Loop loop = runner.Loop;

        runner.Dispose();

        task.IsCanceled.Should().BeTrue();
        loop.IsClosed.Should().BeTrue();
    }

    [Fact]
    public void Dispose_twice_does_nothing()
    {
        var runner = new LoopRunner(Options);
        runner.Run(After(0, 1));

        runner.Dispose();

        Record.Exception(runner.Dispose).Should().BeNull();
    }

    [Fact]
    public void A_disposed_runner_refuses_to_run()
    {
        var runner = new LoopRunner(Options);
        runner.Dispose();

        Assert.Throws<ObjectDisposedException>(() => runner.Run(After(0, 1)));
    }

    [Fact]
    public void A_run_inside_a_running_loop_throws() => RunLoop(async () =>
    {
        using var runner = new LoopRunner(Options);

        Assert.Throws<InvalidOperationException>(() => runner.Run(After(0, 1)));
    });

    [Fact]
    public void Disposing_the_runner_inside_its_loop_throws()
    {
        using var runner = new LoopRunner(Options);

        runner.Run(async () => Record.Exception(runner.Dispose)).Should().BeOfType<InvalidOperationException>();
    }
}
