namespace EventLoop.Tests.Tasks;

/// <summary>Requests that meet in one wait are one cancellation there, whatever is waited for: cleanup after it is not cut.</summary>
[UnderSeeds(50)]
public sealed class MergedCancelTests : LoopTest
{
    [Theory]
    [InlineData("a future")]
    [InlineData("a task")]
    [InlineData("a gather")]
    [InlineData("a gather of a future")]
    [InlineData("a sleep")]
    [InlineData("a lock")]
    [InlineData("a condition")]
    public void Requests_of_one_turn_interrupt_the_wait_for_it_once(string what) => RunLoop(async () =>
    {
        var locked = new AsyncLock();
        using var taken = await locked.AcquireAsync();
        var condition = new AsyncCondition();
        var task = Loop.CreateTask(CleansUp(() => what switch
        {
            "a future" => Await(Loop.Current.CreateFuture()),
            "a task" => Await(Loop.CreateTask(Forever())),
            "a gather" => Await(Loop.Gather(Loop.CreateTask(Forever()), Loop.CreateTask(Forever()))),
            "a gather of a future" => Await(Loop.Gather(Loop.Current.CreateFuture())),
            "a sleep" => Forever(),
            "a lock" => Acquire(locked),
            _ => WaitFor(condition),
        }));
        await Yields(3);
        task.Cancel();
        task.Cancel();

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("cleaned up");
    });

    [Fact]
    public void A_cancel_and_the_abort_of_its_group_in_one_turn_leave_the_cleanup_of_a_child_alone() => RunLoop(async () =>
    {
        var never = Loop.Current.CreateFuture();
        (await Catch(TaskGroup.Run(async group =>
        {
            var child = group.CreateTask(CleansUp(() => Await(never)));
            await Yields(3);
            child.Cancel();
            throw new InvalidDataException();
        }))).Should().BeOfType<AggregateException>();
        Log.Should().Equal("cleaned up");
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_task_that_several_await_is_cancelled_once_with_them(bool isOnFuture) => RunLoop(async () =>
    {
        var never = Loop.Current.CreateFuture();
        var task = Loop.CreateTask(async Coroutine () =>
        {
            var shared = Loop.CreateTask(CleansUp(() => isOnFuture ? Await(never) : Forever()));
            await Loop.Gather(shared, Loop.CreateTask(Await(shared)), Loop.CreateTask(Await(shared)));
        });
        await Yields(5);
        task.Cancel();

        await Catch(task);
        await Yields(5);
        Log.Should().Equal("cleaned up");
    });

    [Theory]
    [InlineData("a task")]
    [InlineData("a scope of its own")]
    public void So_is_one_that_waits_for_another_task_or_in_a_scope_of_its_own(string how) => RunLoop(async () =>
    {
        var task = Loop.CreateTask(async Coroutine () =>
        {
            var inner = Loop.CreateTask(Forever());
            var shared = Loop.CreateTask(CleansUp(() => how == "a task" ? Await(inner) : Loop.WaitFor(Forever(), TimeSpan.FromDays(1))));
            var second = Loop.CreateTask(Await(shared));
            await Loop.Gather(Loop.CreateTask(Await(shared)), Loop.CreateTask(Await(second)));
        });
        await Yields(6);
        task.Cancel();

        await Catch(task);
        await Yields(6);
        Log.Should().Equal("cleaned up");
    });

    [Fact]
    public void Two_timeouts_of_one_moment_around_a_future_leave_cleanup_alone() => RunLoop(async () =>
    {
        var never = Loop.Current.CreateFuture();
        (await Catch(Loop.WaitFor(Loop.WaitFor(CleansUp(() => Await(never)), TimeSpan.FromSeconds(1)), TimeSpan.FromSeconds(1)))).Should()
            .BeOfType<TimeoutException>();
        Log.Should().Equal("cleaned up");
    });

    [Fact]
    public void A_request_after_the_wait_has_thrown_interrupts_again() => RunLoop(async () =>
    {
        var never = Loop.Current.CreateFuture();
        var task = Loop.CreateTask(CleansUp(() => Await(never)));
        await Yields(3);
        task.Cancel();
        await Yields(2);
        task.Cancel();

        await Catch(task);
        Log.Should().BeEmpty();
    });

    private async Coroutine CleansUp(Func<Coroutine> wait)
    {
        try
        {
            await wait();
        }
        finally
        {
            await Yields(4);
            Log.Add("cleaned up");
        }
    }

    private static async Coroutine Await(LoopAwaitable awaited) => await awaited;

    private static async Coroutine Await(Coroutine awaited) => await awaited;

    private static async Coroutine Acquire(AsyncLock taken)
    {
        using var here = await taken.AcquireAsync();
    }

    private static async Coroutine WaitFor(AsyncCondition condition)
    {
        using var here = await condition.AcquireAsync();
        await condition.WaitAsync();
    }
}
