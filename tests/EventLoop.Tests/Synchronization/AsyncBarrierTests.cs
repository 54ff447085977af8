namespace EventLoop.Tests.Synchronization;

[UnderSeeds(50)]
public sealed class AsyncBarrierTests : LoopTest
{
    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Everybody_is_released_when_the_last_one_comes_with_indices_in_order_of_coming() => RunLoop(async () =>
    {
        var barrier = new AsyncBarrier(3);
        LoopTask<int> first = Loop.CreateTask(barrier.WaitAsync());
        LoopTask<int> second = Loop.CreateTask(barrier.WaitAsync());
        await Loop.Yield();
        barrier.WaitingCount.Should().Be(2);
        barrier.Statistics.WaitingTasks.Should().Equal(first, second);
        first.WaitingOn.Should().Be("barrier (2 of 3)");

        (await barrier.WaitAsync()).Should().Be(2);

        (await first).Should().Be(0);
        (await second).Should().Be(1);
        barrier.WaitingCount.Should().Be(0);
    });

    [Fact]
    public void It_is_used_again_and_again() => RunLoop(async () =>
    {
        var barrier = new AsyncBarrier(3);
        int[][] rounds = await Loop.Gather(Enumerable.Range(0, 3).Select(_ => Meet()));

        for (int round = 0; round < 10; round++)
        {
            rounds.Select(indices => indices[round]).Should().BeEquivalentTo([0, 1, 2]);
        }

        async Coroutine<int[]> Meet()
        {
            int[] indices = new int[10];
            for (int i = 0; i < 10; i++)
            {
                indices[i] = await barrier.WaitAsync();
            }

            return indices;
        }
    });

    [Fact]
    public void A_barrier_of_one_makes_nobody_wait() => RunLoop(async () =>
    {
        var barrier = new AsyncBarrier(1);
        (await barrier.WaitAsync()).Should().Be(0);
        (await barrier.WaitAsync()).Should().Be(0);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_cancelled_waiter_leaves_and_the_barrier_goes_on_filling() => RunLoop(async () =>
    {
        var barrier = new AsyncBarrier(3);
        LoopTask<int> leaver = Loop.CreateTask(barrier.WaitAsync());
        LoopTask<int> stayer = Loop.CreateTask(barrier.WaitAsync());
        await Loop.Yield();

        leaver.Cancel();
        barrier.WaitingCount.Should().Be(1);
        LoopTask<int> third = Loop.CreateTask(barrier.WaitAsync());
        await Loop.Yield();
        stayer.IsCompleted.Should().BeFalse();
        (await barrier.WaitAsync()).Should().Be(2);

        (await stayer).Should().Be(0);
        (await third).Should().Be(1);
        barrier.IsBroken.Should().BeFalse();
        (await Catch(leaver)).Should().BeOfType<LoopCanceledException>();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Who_was_released_returns_despite_a_cancellation_a_reset_or_an_abort() => RunLoop(async () =>
    {
        var barrier = new AsyncBarrier(2);
        LoopTask<int> released = Loop.CreateTask(barrier.WaitAsync());
        await Loop.Yield();

        await barrier.WaitAsync();
        released.Cancel();
        barrier.Reset();
        barrier.Abort();

        (await released).Should().Be(0);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Reset_breaks_it_for_those_who_wait_and_makes_it_good_for_those_who_come() => RunLoop(async () =>
    {
        var barrier = new AsyncBarrier(2);
        LoopTask<int> waiter = Loop.CreateTask(barrier.WaitAsync());
        await Loop.Yield();

        barrier.Reset();

        (await Catch(waiter)).Should().BeOfType<BrokenBarrierException>();
        barrier.IsBroken.Should().BeFalse();
        barrier.WaitingCount.Should().Be(0);
        LoopTask<int> next = Loop.CreateTask(barrier.WaitAsync());
        await Loop.Yield();
        (await barrier.WaitAsync()).Should().Be(1);
        (await next).Should().Be(0);
    });

    [Fact]
    public void Abort_breaks_it_for_everybody_until_it_is_reset() => RunLoop(async () =>
    {
        var barrier = new AsyncBarrier(2);
        LoopTask<int> waiter = Loop.CreateTask(barrier.WaitAsync());
        await Loop.Yield();

        barrier.Abort();

        (await Catch(waiter)).Should().BeOfType<BrokenBarrierException>();
        (await Catch(barrier.WaitAsync())).Should().BeOfType<BrokenBarrierException>();
        barrier.IsBroken.Should().BeTrue();
        barrier.Reset();
        barrier.IsBroken.Should().BeFalse();
    });

    [Fact]
    public void Fewer_than_one_party_throws()
    {
        FluentActions.Invoking(() => new AsyncBarrier(0)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void A_coroutine_of_it_is_awaited_once() => RunLoop(async () =>
    {
        var barrier = new AsyncBarrier(1);
        Coroutine<int> wait = barrier.WaitAsync();
        await wait;
        (await Catch(wait)).Should().BeOfType<InvalidOperationException>();
    });
}
