namespace EventLoop.Tests.Combining;

[UnderSeeds(50)]
public sealed class ShieldTests : LoopTest
{
    [Fact]
    public void Shield_gives_the_result_of_the_work() => RunLoop(async () => (await Loop.Shield(After(2, 5))).Should().Be(5));

    [Fact]
    public void Shield_gives_the_result_of_a_task_that_is_done_already() => RunLoop(async () =>
    {
        LoopTask<int> done = Loop.CreateTask(After(0, 5));
        await done;

        (await Loop.Shield(done)).Should().Be(5);
    });

    [Fact]
    public void Shield_passes_a_failure_on() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        (await Catch(Loop.Shield(ThrowAfter<int>(1, failure)))).Should().BeSameAs(failure);
    });

    [Fact]
    public void A_cancelled_waiter_goes_on_at_once_and_the_shielded_work_is_left_alone() => RunLoop(async () =>
    {
        LoopTask<int> work = Loop.CreateTask(After(20, 5));
        LoopTask waiter = Loop.CreateTask(async () => await Loop.Shield(work));
        await Yields(2);
        waiter.Cancel("why");

        (await Catch(waiter)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
        work.IsCompleted.Should().BeFalse();
        work.CancelRequests.Should().Be(0);
        (await work).Should().Be(5);
    });

    [Fact]
    public void Cancelling_the_work_itself_throws_at_the_shield() => RunLoop(async () =>
    {
        LoopTask<int> work = Loop.CreateTask(After(100, 5));
        LoopTask waiter = Loop.CreateTask(async () => await Loop.Shield(work));
        await Yields(2);
        work.Cancel("the work");

        (await Catch(waiter)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("the work");
    });

    [Fact]
    public void A_shielded_coroutine_becomes_a_task_at_the_call() => RunLoop(async () =>
    {
        Coroutine<int> shield = Loop.Shield(After(1, 1));

        Loop.AllTasks().Should().HaveCount(2);
        await shield;
    });

    [Fact]
    public void A_shielded_coroutine_goes_on_after_its_waiter_was_cancelled()
    {
        RunLoop(async () =>
        {
            LoopTask waiter = Loop.CreateTask(async () => await Loop.Shield(Work()));
            await Yields(2);
            waiter.Cancel();
            await Catch(waiter);
            Log.Add("waiter cancelled");
            await Yields(10);
        });

        Log.Should().Equal("waiter cancelled", "work done");

        async Coroutine Work()
        {
            await Yields(5);
            Log.Add("work done");
        }
    }

    [Fact]
    public void A_failure_behind_a_cancelled_shield_is_reported_once()
    {
        var failure = new InvalidDataException();
        RunLoop(async () =>
        {
            LoopTask waiter = Loop.CreateTask(async () => await Loop.Shield(ThrowAfter<int>(5, failure)));
            await Yields(2);
            waiter.Cancel();
            await Catch(waiter);
            await Yields(10);
        });

        Reported.Should().ContainSingle().Which.Exception.Should().BeSameAs(failure);
    }

    [Fact]
    public void Shield_of_a_future_gives_its_result_and_does_not_own_it() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        LoopTask waiter = Loop.CreateTask(async () => await Loop.Shield(future));
        await Yields(2);
        waiter.Cancel();
        await Catch(waiter);

        future.IsCompleted.Should().BeFalse();
        future.SetResult(5);
        (await Loop.Shield(future)).Should().Be(5);
    });

    [Fact]
    public void A_timeout_around_a_shield_leaves_the_work_alone() => RunLoop(async () =>
    {
        LoopTask<int> work = Loop.CreateTask(Slow());

        (await Catch(Loop.WaitFor(Loop.Shield(work), Seconds(1)))).Should().BeOfType<TimeoutException>();

        (await work).Should().Be(5);

        static async Coroutine<int> Slow()
        {
            await Loop.Sleep(Seconds(10));
            return 5;
        }
    }, JumpingTime);

    [Fact]
    public void The_same_coroutine_cannot_be_shielded_twice() => RunLoop(async () =>
    {
        Coroutine<int> coroutine = After(1, 1);
        Coroutine<int> shield = Loop.Shield(coroutine);

        Assert.Throws<InvalidOperationException>(() => { _ = Loop.Shield(coroutine); });
        await shield;
    });
}
