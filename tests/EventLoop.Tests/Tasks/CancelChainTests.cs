namespace EventLoop.Tests.Tasks;

/// <summary>What a cancellation does to the tasks that await one another.</summary>
[UnderSeeds(50)]
public sealed class CancelChainTests : LoopTest
{
    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Cancelling_a_task_that_awaits_a_task_cancels_that_one_and_throws_in_both() => RunLoop(async () =>
    {
        LoopTask child = Loop.CreateTask(Forever());
        LoopTask parent = Loop.CreateTask(async () => await child);
        await Loop.Yield();

        parent.Cancel("why");

        (await Catch(parent)).Should().BeOfType<LoopCanceledException>();
        child.IsCanceled.Should().BeTrue();
        child.CancelReason.Should().Be("why");
        parent.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void The_parent_waits_for_the_cleanup_of_the_task_that_it_cancelled()
    {
        RunLoop(async () =>
        {
            LoopTask child = Loop.CreateTask(async () =>
            {
                try
                {
                    await Forever();
                }
                finally
                {
                    await Yields(5);
                    Log.Add("child cleaned up");
                }
            });
            LoopTask parent = Loop.CreateTask(async () =>
            {
                try
                {
                    await child;
                }
                finally
                {
                    Log.Add("parent");
                }
            });
            await Yields(2);
            parent.Cancel();
            await Catch(parent);
        });

        Log.Should().Equal("child cleaned up", "parent");
    }

    [Fact]
    public void A_request_passed_on_to_a_child_counts_as_delivered() => RunLoop(async () =>
    {
        LoopTask<int> child = Loop.CreateTask(async () =>
        {
            await Catch(Forever());
            return 5;
        });
        LoopTask<int> parent = Loop.CreateTask(async () =>
        {
            int value = await child;
            await Yields(2);
            return value;
        });
        await Yields(2);
        parent.Cancel();

        (await parent).Should().Be(5, "the child swallowed the cancellation, which was the parent's");
    });

    [Fact]
    public void Cancel_of_a_shared_task_cancels_it_for_every_awaiter() => RunLoop(async () =>
    {
        LoopTask shared = Loop.CreateTask(Forever());
        LoopTask one = Loop.CreateTask(async () => await shared);
        LoopTask two = Loop.CreateTask(async () => await shared);
        await Loop.Yield();

        one.Cancel();

        (await Catch(two)).Should().BeOfType<LoopCanceledException>();
        shared.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void An_awaiter_that_sees_the_cancellation_of_another_task_is_not_cancelled_itself() => RunLoop(async () =>
    {
        LoopTask child = Loop.CreateTask(Forever());
        LoopTask<int> parent = Loop.CreateTask(async () =>
        {
            (await Catch(child)).Should().BeOfType<LoopCanceledException>();
            return Loop.CurrentTask!.CancelRequests;
        });
        await Loop.Yield();
        child.Cancel();

        (await parent).Should().Be(0);
    });
}
