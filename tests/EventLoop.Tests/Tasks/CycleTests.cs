namespace EventLoop.Tests.Tasks;

[UnderSeeds(50)]
public sealed class CycleTests : LoopTest
{
    [Fact]
    public void A_task_that_awaits_itself_gets_an_exception_that_names_it() => RunLoop(async () =>
    {
        LoopTask task = null!;
        task = Loop.CreateTask(async () => await task, "ouroboros");

        (await Catch(task)).Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("ouroboros");
    });

    [Fact]
    public void An_await_that_would_close_a_cycle_throws_and_names_the_cycle() => RunLoop(async () =>
    {
        LoopTask alpha = null!, beta = null!, gamma = null!;
        alpha = Loop.CreateTask(async () => await beta, "alpha");
        beta = Loop.CreateTask(async () => await gamma, "beta");
        gamma = Loop.CreateTask(async () => await alpha, "gamma");

        Exception? thrown = await Catch(gamma);

        thrown.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("alpha").And.Contain("beta").And.Contain("gamma");
        await Catch(alpha);
    });

    [Fact]
    public void A_chain_of_waits_that_is_no_cycle_is_allowed() => RunLoop(async () =>
    {
        LoopTask<int> last = Loop.CreateTask(After(3, 1));
        for (int i = 0; i < 100; i++)
        {
            LoopTask<int> next = last;
            last = Loop.CreateTask(async () => await next);
        }

        (await last).Should().Be(1);
    });

    [Fact]
    public void A_cycle_through_Gather_is_found_or_can_at_least_be_cancelled() => RunLoop(async () =>
    {
        LoopTask<int[]> outer = null!;
        LoopTask<int> inner = Loop.CreateTask(async () => (await outer)[0], "inner");
        outer = Loop.CreateTask(async () => await Loop.Gather(inner), "outer");
        await Yields(3);

        outer.Cancel();
        Exception? thrown = await Catch(outer);

        thrown.Should().Match(static e => e is LoopCanceledException || e is InvalidOperationException);
    });

    [OneSchedule("it would take long, and shows a depth, a size or a collection")]
    [Fact]
    public void Cancel_walks_a_chain_of_a_hundred_thousand_tasks_without_overflowing_the_stack() => RunLoop(async () =>
    {
        LoopTask innermost = Loop.CreateTask(Swallowing(), eager: true);
        LoopTask outermost = Chain(innermost, 100_000);

        outermost.Cancel("deep");
        await outermost;

        Log.Should().Equal("deep");

        async Coroutine Swallowing() => Log.Add(((LoopCanceledException)(await Catch(Forever()))!).Reason!);
    });

    [OneSchedule("it would take long, and shows a depth, a size or a collection")]
    [Fact]
    public void A_cancelled_chain_of_tasks_unwinds_to_its_outermost_task() => RunLoop(async () =>
    {
        LoopTask innermost = Loop.CreateTask(Forever(), eager: true);
        LoopTask outermost = Chain(innermost, 5000);

        outermost.Cancel("deep");

        (await Catch(outermost)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("deep");
        innermost.IsCanceled.Should().BeTrue();
    });

    private static LoopTask Chain(LoopTask innermost, int length)
    {
        LoopTask outermost = innermost;
        for (int i = 0; i < length; i++)
        {
            outermost = Loop.CreateTask(Await(outermost), eager: true);
        }

        return outermost;

        static async Coroutine Await(LoopTask next) => await next;
    }

    [Fact]
    public void The_message_of_a_cycle_names_each_task_once_and_not_twice_over() => RunLoop(async () =>
    {
        LoopTask? second = null;
        LoopTask first = Loop.CreateTask(async () => await second!, name: "a");
        second = Loop.CreateTask(async () => await first, name: "b");

        string message = (await Catch(first))!.Message;

        message.Should().MatchRegex("Awaiting task '[ab]' would close a cycle").And.NotContain("task 'task");
    });
}
