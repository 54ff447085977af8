namespace EventLoop.Tests.Synchronization;

[UnderSeeds(50)]
public sealed class AsyncSemaphoreTests : LoopTest
{
    [Fact]
    public void It_lets_as_many_in_as_it_has_permits() => RunLoop(async () =>
    {
        var semaphore = new AsyncSemaphore(3);
        int inside = 0;
        int most = 0;

        await Loop.Gather(Enumerable.Range(0, 10).Select(_ => Enter()));

        most.Should().Be(3);
        semaphore.CurrentCount.Should().Be(3);

        async Coroutine Enter()
        {
            using (await semaphore.AcquireAsync())
            {
                most = Math.Max(most, ++inside);
                await Yields(2);
                inside--;
            }
        }
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Permits_go_to_the_first_waiters_and_a_newcomer_overtakes_nobody() => RunLoop(async () =>
    {
        var semaphore = new AsyncSemaphore(0);
        var waiters = Enumerable.Range(0, 3).Select(i => Loop.CreateTask(Enter($"{i}"))).ToList();
        await Loop.Yield();
        semaphore.Statistics.WaitingTasks.Should().Equal(waiters);
        waiters[0].WaitingOn.Should().Be("semaphore");

        semaphore.Release(2);
        semaphore.TryAcquire().Should().BeFalse();
        LoopTask newcomer = Loop.CreateTask(Enter("newcomer"));
        await Yields(2);
        semaphore.Release(3);
        await Loop.Gather([.. waiters, newcomer]);

        Log.Should().Equal("0", "1", "2", "newcomer");
        semaphore.CurrentCount.Should().Be(1);

        async Coroutine Enter(string name)
        {
            await semaphore.AcquireAsync();
            Log.Add(name);
        }
    });

    [Fact]
    public void A_cancelled_waiter_passes_its_wake_up_to_the_next() => RunLoop(async () =>
    {
        var semaphore = new AsyncSemaphore(0);
        LoopTask first = Loop.CreateTask(semaphore.AcquireAsync());
        LoopTask second = Loop.CreateTask(semaphore.AcquireAsync());
        await Loop.Yield();

        first.Cancel();
        semaphore.Release();

        await second;
        (await Catch(first)).Should().BeOfType<LoopCanceledException>();
        semaphore.CurrentCount.Should().Be(0);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_permit_that_was_handed_over_is_delivered_despite_a_cancellation() => RunLoop(async () =>
    {
        var semaphore = new AsyncSemaphore(0);
        LoopTask<Releaser> heir = Loop.CreateTask(semaphore.AcquireAsync());
        await Loop.Yield();

        semaphore.Release();
        heir.Cancel();

        (await heir).Dispose();
        semaphore.CurrentCount.Should().Be(1);
    });

    [Fact]
    public void Release_returns_a_permit_of_TryAcquire_and_leaves_the_releaser_around_it_alone() => RunLoop(async () =>
    {
        var semaphore = new AsyncSemaphore(2);
        for (int i = 0; i < 3; i++)
        {
            using (await semaphore.AcquireAsync())
            {
                semaphore.TryAcquire().Should().BeTrue();
                semaphore.Release();
            }

            semaphore.CurrentCount.Should().Be(2);
        }
    });

    [Fact]
    public void A_releaser_is_good_once_and_not_after_the_tasks_own_Release() => RunLoop(async () =>
    {
        var semaphore = new AsyncSemaphore(2);
        Releaser one = await semaphore.AcquireAsync();
        Releaser two = await semaphore.AcquireAsync();

        semaphore.Release();
        two.Dispose();
        semaphore.CurrentCount.Should().Be(1, "Release used up the latest one");

        one.Dispose();
        one.Dispose();
        semaphore.CurrentCount.Should().Be(2);
    });

    [Fact]
    public void A_releaser_stays_good_when_others_add_permits() => RunLoop(async () =>
    {
        var semaphore = new AsyncSemaphore(1);
        Releaser mine = await semaphore.AcquireAsync();
        await Loop.CreateTask(async () =>
        {
            semaphore.Release(2);
            await Loop.Yield();
        });

        mine.Dispose();

        semaphore.CurrentCount.Should().Be(3);
    });

    [Fact]
    public void Many_tasks_with_many_permits_each_give_back_what_they_took() => RunLoop(async () =>
    {
        var semaphore = new AsyncSemaphore(300);
        await Loop.Gather(Enumerable.Range(0, 40).Select(_ => TakeAndGive()));
        semaphore.CurrentCount.Should().Be(300);

        async Coroutine TakeAndGive()
        {
            var taken = new List<Releaser>();
            for (int i = 0; i < 12; i++)
            {
                taken.Add(await semaphore.AcquireAsync());
                await Loop.Yield();
                if (taken.Count == 6)
                {
                    taken[0].Dispose();
                    taken[3].Dispose();
                    taken.RemoveRange(0, 1);
                }
            }

            taken.ForEach(static releaser => releaser.Dispose());
            taken.ForEach(static releaser => releaser.Dispose());
        }
    });

    [Fact]
    public void The_bounded_form_throws_above_its_limit_and_changes_nothing() => RunLoop(async () =>
    {
        var semaphore = new AsyncBoundedSemaphore(2);
        FluentActions.Invoking(() => semaphore.Release()).Should().Throw<InvalidOperationException>();
        await semaphore.AcquireAsync();
        FluentActions.Invoking(() => semaphore.Release(2)).Should().Throw<InvalidOperationException>();
        semaphore.CurrentCount.Should().Be(1);

        semaphore.Release();
        semaphore.CurrentCount.Should().Be(2);
    });

    [Fact]
    public void A_releaser_of_the_bounded_form_after_Release_does_not_throw() => RunLoop(async () =>
    {
        var semaphore = new AsyncBoundedSemaphore(1);
        using (await semaphore.AcquireAsync())
        {
            semaphore.Release();
        }

        semaphore.CurrentCount.Should().Be(1);
    });

    [Fact]
    public void Wrong_arguments_throw()
    {
        FluentActions.Invoking(() => new AsyncSemaphore(-1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new AsyncBoundedSemaphore(-1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new AsyncSemaphore().Release(0)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new AsyncBoundedSemaphore().Release(0)).Should().Throw<ArgumentOutOfRangeException>();
        var full = new AsyncSemaphore(int.MaxValue);
        FluentActions.Invoking(() => full.Release()).Should().Throw<InvalidOperationException>();
    }
}
